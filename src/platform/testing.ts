/** What tests of every room build on: real databases on both dialects, and a clock that stands still. */
export { type FakeClock, fakeClock } from './testing/clock.ts'
export { type TestContextOptions, testContext } from './testing/context.ts'
export { eachDialect, type OpenDatabase, type OpenOptions, type Place } from './testing/databases.ts'
export { type LogEntry, type MemoryLog, memoryLog } from './testing/log.ts'
export { requireAll } from './testing/required.ts'
export { memorySeal } from './testing/seal.ts'
