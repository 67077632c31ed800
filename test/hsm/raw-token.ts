import type * as Pkcs11Library from 'pkcs11js'
import type { Handle, PKCS11, Template } from 'pkcs11js'
import { PIN, type SoftHsm } from './soft-hsm.ts'

/** The token of a software HSM, seen by the library alone: nothing of src/ can agree with itself here. */
export interface RawToken {
  /** Every key of a kind, with the flags that it has. */
  read(kind: KeyKind, flags: readonly Flag[]): Promise<readonly Readonly<Record<string, boolean>>[]>
  /** Makes an AES key. */
  makeKey(label: string, flags: Partial<Record<Flag, boolean>>): Promise<void>
  /** Makes a copy of an object's value; rejects where that never leaves the token. */
  value(label: string): Promise<Buffer>
}

/** A kind of key that nobody may see. */
export type KeyKind = Extract<keyof typeof Pkcs11Library, 'CKO_SECRET_KEY' | 'CKO_PRIVATE_KEY'>

/** A flag of an object. */
export type Flag = Extract<
  keyof typeof Pkcs11Library,
  | 'CKA_TOKEN'
  | 'CKA_PRIVATE'
  | 'CKA_SENSITIVE'
  | 'CKA_EXTRACTABLE'
  | 'CKA_WRAP'
  | 'CKA_UNWRAP'
  | 'CKA_DERIVE'
  | 'CKA_SIGN'
  | 'CKA_DECRYPT'
>

interface Opened {
  readonly constants: typeof Pkcs11Library
  readonly pkcs11: PKCS11
  readonly session: Handle
}

/** Opens the token of a software HSM, again for every call: other processes change it. */
export function openRawToken({ environment, module }: SoftHsm): RawToken {
  async function open<Result>(run: (opened: Opened) => Result): Promise<Result> {
    const constants = (await import('pkcs11js')).default
    const pkcs11 = new constants.PKCS11()
    const before = process.env['SOFTHSM2_CONF']
    process.env['SOFTHSM2_CONF'] = environment['SOFTHSM2_CONF']
    pkcs11.load(module)
    pkcs11.C_Initialize()
    try {
      const [slot] = pkcs11.C_GetSlotList(true)
      const flags = constants.CKF_SERIAL_SESSION | constants.CKF_RW_SESSION
      const session = pkcs11.C_OpenSession(slot ?? Buffer.alloc(0), flags)
      pkcs11.C_Login(session, constants.CKU_USER, PIN)
      return run({ constants, pkcs11, session })
    } finally {
      pkcs11.C_Finalize()
      if (before === undefined) delete process.env['SOFTHSM2_CONF']
      else process.env['SOFTHSM2_CONF'] = before
    }
  }

  return {
    read: (kind, flags) =>
      open((opened) =>
        find(opened, { type: opened.constants.CKA_CLASS, value: opened.constants[kind] }).map(
          (key) => {
            const types = flags.map((flag) => ({ type: opened.constants[flag] }))
            const values = opened.pkcs11.C_GetAttributeValue(opened.session, key, types)
            const isSet = (index: number): boolean => {
              const value = values[index]?.value
              return Buffer.isBuffer(value) && value[0] === 1
            }
            return Object.fromEntries(flags.map((flag, index) => [flag, isSet(index)]))
          },
        ),
      ),
    makeKey: (label, flags) =>
      open(({ constants, pkcs11, session }) => {
        const template: Template = [
          { type: constants.CKA_LABEL, value: label },
          { type: constants.CKA_VALUE_LEN, value: 32 },
          ...Object.entries(flags).map(([name, value]) => ({
            type: constants[name as Flag],
            value,
          })),
        ]
        pkcs11.C_GenerateKey(session, { mechanism: constants.CKM_AES_KEY_GEN }, template)
      }),
    value: (label) =>
      open((opened) => {
        const [key] = find(opened, { type: opened.constants.CKA_LABEL, value: label })
        const asked = [{ type: opened.constants.CKA_VALUE }]
        const [given] = opened.pkcs11.C_GetAttributeValue(
          opened.session,
          key ?? Buffer.alloc(0),
          asked,
        )
        return Buffer.isBuffer(given?.value) ? given.value : Buffer.alloc(0)
      }),
  }
}

function find({ pkcs11, session }: Opened, by: Template[number]): readonly Handle[] {
  pkcs11.C_FindObjectsInit(session, [by])
  const found = pkcs11.C_FindObjects(session, 100)
  pkcs11.C_FindObjectsFinal(session)
  return found
}
