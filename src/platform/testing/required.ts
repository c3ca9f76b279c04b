/** Whether a missing program fails its test instead of skipping it: `.ci/run` sets it. */
export function requireAll(): boolean {
  return process.env['GATEHOUSE_REQUIRE_ALL'] === '1'
}
