import { test } from 'node:test'
import { startServer } from './gatehouse.ts'
import { play } from './transcript.ts'

test('what a route adds to answers and how much it takes', async (t) => {
  const server = await startServer(t)
  const url = server.origin.replace('gatehouse', 'wiki')
  await play(
    server,
    `
    $ gatehouse routes create wiki --host wiki.localhost --upstream http://127.0.0.1:1 --preset strict --answer-header "X-Robots-Tag: noindex" --hide-header X-Generator --cookie-domain keep --cors-origin https://shop.example.org --cors-method GET --cors-credentials --cors-max-age 1h --max-body 10MB --max-headers 8kB --rate 600/1m --rate-burst 100 --rate-by address
    Made.

    Name           wiki
    Address        {url}/
    Upstream       http://127.0.0.1:1
    Who            holders of routes:use:wiki
    From           everywhere
    Preset         strict
    Answers get    x-robots-tag: noindex
    Answers lose   x-generator
    Cookies        may name a Domain
    Other origins  https://shop.example.org, with cookies
    Longest body   10 MB
    Most headers   8 kB
    Rate           600 in 60 s, 100 at once, by address
    Timeouts       connect 5000 ms, headers 60000 ms, body 300000 ms, socket idle 600000 ms
    Id             <rt>
    Created        <time>
    Changed        <time>
    $ gatehouse routes update wiki --no-cors --no-rate --no-max-body --no-max-headers --no-answer-header --no-hide-header --preset auto --cookie-domain own
    Changed.

    Name          wiki
    Address       {url}/
    Upstream      http://127.0.0.1:1
    Who           holders of routes:use:wiki
    From          everywhere
    Answers lose  none
    Timeouts      connect 5000 ms, headers 60000 ms, body 300000 ms, socket idle 600000 ms
    Id            <rt>
    Created       <time>
    Changed       <time>
    $ gatehouse routes update wiki --no-answer-header --answer-header "X-A: b" --method GET --keep-connections 1m
    Changed.

    Name          wiki
    Address       {url}/
    Methods       GET
    Upstream      http://127.0.0.1:1
    Who           holders of routes:use:wiki
    From          everywhere
    Connections   kept 60000 ms without use
    Answers get   x-a: b
    Answers lose  none
    Timeouts      connect 5000 ms, headers 60000 ms, body 300000 ms, socket idle 600000 ms
    Id            <rt>
    Created       <time>
    Changed       <time>
    $ gatehouse routes update wiki --any-method --no-answer-header --keep-connections 30s
    Changed.

    Name          wiki
    Address       {url}/
    Upstream      http://127.0.0.1:1
    Who           holders of routes:use:wiki
    From          everywhere
    Answers lose  none
    Timeouts      connect 5000 ms, headers 60000 ms, body 300000 ms, socket idle 600000 ms
    Id            <rt>
    Created       <time>
    Changed       <time>
    $ gatehouse routes update wiki --answer-header plain
    ! gatehouse: Wrong usage
    !   Not a header: plain. Write 'X-Robots-Tag: noindex'.
    !   (cli.usage)
    => 2
    $ gatehouse routes update wiki --cors-max-age 1h
    ! gatehouse: Wrong usage
    !   Name the origins too, with --cors-origin: the list is given as a whole.
    !   (cli.usage)
    => 2
    $ gatehouse routes update wiki --rate 600
    ! gatehouse: Wrong usage
    !   Not a rate: 600. Write 600/1m, 10/1s or 1000/1h.
    !   (cli.usage)
    => 2
    $ gatehouse routes update wiki --rate-burst 5
    ! gatehouse: Wrong usage
    !   Name the rate too, with --rate: the limit is given as a whole.
    !   (cli.usage)
    => 2
    $ gatehouse routes update wiki --cors-credentials
    ! gatehouse: Wrong usage
    !   Name the origins too, with --cors-origin: the list is given as a whole.
    !   (cli.usage)
    => 2
    $ gatehouse routes update wiki --cors-origin "*" --cors-credentials
    ! gatehouse: The input has faults
    !   Nothing was sent. Correct what is named and try again.
    !   response.cors.credentials: not with *: every page of the web would act as whoever looks at it
    !   (cli.usage)
    => 2
    $ gatehouse routes update wiki --max-body lots
    ! gatehouse: Wrong usage
    !   Not a size: lots. Write 500kB, 10MB or 2GB.
    !   (cli.usage)
    => 2
    `,
    { url },
  )
})
