-- Any host name leads to this machine, so that TLS names the host the certificate is for.
wrk.resolve = function(_, service)
  wrk.addrs = wrk.lookup("127.0.0.1", service)
end

function done(summary, latency)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout
  io.write(string.format(
    '{"requests":%d,"durationUs":%d,"failed":%d,"p50Us":%d,"p99Us":%d}\n',
    summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)))
end
