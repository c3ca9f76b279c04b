import type { ExportedState } from './export.ts'

/** The file as YAML 1.2, core schema, without aliases; long texts are not folded, so that differences stay small. */
export async function yamlOf(state: ExportedState): Promise<string> {
  // two megabytes that a server which never exports need not hold
  const { stringify } = await import('yaml')
  return stringify(state, { aliasDuplicateObjects: false, lineWidth: 0, schema: 'core' })
}
