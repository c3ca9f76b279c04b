import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { root } from '../structure/sources.ts'
import { pages } from './pages.ts'

/** `npm run docs`: writes the pages that are made from the sources. */
for (const [path, text] of Object.entries(pages)) writeFileSync(resolve(root, path), await text())
