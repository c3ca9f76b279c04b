/** Pages: pure functions from data to markup. Read README.md for how they go together. */
export { type Asset, type AssetReply, assetBase, assets, findAsset, type PageScript, pageScripts } from './assets.ts'
export { badge, mark, state, type Tone } from './badge.ts'
export { command, copyButton } from './command.ts'
export { type ConfirmationOptions, confirmation, type DangerousAction, dangerZone } from './confirmation.ts'
export { contentSecurityPolicy } from './content-security-policy.ts'
export { type DecisionChainOptions, decisionChain, sawOf } from './decision-chain.ts'
export { bareDocument, brand, type DocumentOptions, document } from './document.ts'
export { type EmptyStateOptions, emptyState } from './empty-state.ts'
export { type Fact, facts } from './facts.ts'
export {
  type Choice,
  type ChoicesOptions,
  checkboxes,
  type FieldBase,
  type FieldOptions,
  faultOf,
  field,
  hidden,
  radios,
  type SelectOptions,
  select,
  type TextAreaOptions,
  textArea,
} from './field.ts'
export { type FileIntoOptions, fileInto } from './file-into.ts'
export {
  type ActionFormOptions,
  actionForm,
  type FilterOptions,
  type FormOptions,
  filterForm,
  form,
  textFilter,
} from './form.ts'
export { address, attributes, type Html, html, nothing, type Renderable } from './html.ts'
export { id } from './id.ts'
export { type NoticeKind, notice } from './notice.ts'
export { type Action, button, link, type PageHeaderOptions, pageHeader } from './page-header.ts'
export { type PagingOptions, paging, withQuery } from './paging.ts'
export { type PasskeyFormOptions, passkeyForm } from './passkey-form.ts'
export {
  type ProblemPageOptions,
  problemPage,
  type RefusalPageOptions,
  refusalPage,
  strangerRefusal,
  whyAddress,
} from './problem-page.ts'
export { refreshed } from './refreshed.ts'
export { type Column, type Sorting, type TableOptions, table, tableRow } from './table.ts'
export { type Tab, tabs } from './tabs.ts'
export { exactTime, relative, time, utc } from './time.ts'
