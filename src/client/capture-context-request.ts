import type { FieldTree } from './field-tree.ts'

/** What a session asks of one field. */
export interface FieldOptions {
  /** Whether a token without this field is refused. Default is true: naming a field is requiring it. */
  readonly required?: boolean
}

/**
 * Which fields a session may capture. Whatever is not named cannot be submitted.
 *
 * All 31 documented fields, and `shipTo.email` and `shipTo.phoneNumber`. The service refuses a request that names none.
 */
export interface CaptureContextRequest {
  readonly fields: FieldTree<FieldOptions>
}
