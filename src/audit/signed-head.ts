import { numberMember, parseJsonObject, stringMember } from '../protocol/parse.ts'
import type { Store, Write } from '../store/contract.ts'

/** The last entry of a chain at some time. */
export interface ChainHead {
  readonly chain: string
  readonly sequence: number
  /** See {@link hashReleaseEntry}. */
  readonly hash: string
}

/** A head and who signed it, when. */
export interface SignedHead extends ChainHead {
  /** Seconds since the epoch. */
  readonly at: number
  /** The id of the audit key. */
  readonly kid: string
  /** 64 bytes, hex. */
  readonly signature: string
}

/** The audit key that signs now. */
export interface HeadSigner {
  readonly kid: string
  /** Returns 64 bytes. */
  sign(bytes: Buffer): Buffer
}

/** Tells whether an audit key of the store has signed these bytes; false when there is none of this id. */
export type VerifyHead = (kid: string, bytes: Buffer, signature: Buffer) => boolean

const PURPOSE = 'coatcheck audit head'

/** Signs a head. */
export function signHead(head: ChainHead, at: number, signer: HeadSigner): SignedHead {
  const unsigned = { ...head, at, kid: signer.kid }
  return { ...unsigned, signature: signer.sign(bytesToSign(unsigned)).toString('hex') }
}

/** Tells whether a head is as an audit key of the store has signed it. */
export function isGenuine(head: SignedHead, verify: VerifyHead): boolean {
  return verify(head.kid, bytesToSign(head), Buffer.from(head.signature, 'hex'))
}

function bytesToSign({ chain, sequence, hash, at, kid }: Omit<SignedHead, 'signature'>): Buffer {
  return Buffer.from(JSON.stringify([PURPOSE, 1, chain, sequence, hash, at, kid]), 'utf8')
}

/** Makes the write that keeps a signed head in the place of the one before it of its chain. It hides nothing, so it is not sealed. */
export function signedHeadWrite({ chain: name, ...members }: SignedHead): Write {
  const value = Buffer.from(JSON.stringify({ v: 1, ...members }), 'utf8')
  return { op: 'put', kind: 'release-head', name, expiresAt: undefined, value }
}

/** Reads the signed head of every chain that has one. What is not one comes as a head that is not genuine. */
export async function readSignedHeads(store: Pick<Store, 'list'>): Promise<readonly SignedHead[]> {
  return (await store.list('release-head')).map(({ name, value }) => {
    const members = parseJsonObject(value.toString('utf8')) ?? {}
    return {
      chain: name,
      sequence: numberMember(members, 'sequence') ?? 0,
      hash: stringMember(members, 'hash') ?? '',
      at: numberMember(members, 'at') ?? 0,
      kid: stringMember(members, 'kid') ?? '',
      signature: stringMember(members, 'signature') ?? '',
    }
  })
}

const HALF = 64

/** Writes a signed head on one line, as the log has it: the signature in two halves, which no filter takes for a card number. */
export function formatSignedHead(head: SignedHead): string {
  const { chain, sequence, hash, at, kid, signature } = head
  const halves = [signature.slice(0, HALF), signature.slice(HALF)]
  return [chain, sequence, hash, at, kid, ...halves].join(':')
}

const HEAD = /^([0-9a-f-]{36}):([1-9][0-9]{0,11}):([0-9a-f]{64})(?::(.+))?$/
const SIGNED = /^([1-9][0-9]{0,11}):([0-9A-Za-z]{1,32}):([0-9a-f]{64}):([0-9a-f]{64})$/

/** Reads a head as the log has it, signed or not; undefined when it is none. */
export function parseHead(text: string): ChainHead | SignedHead | undefined {
  const [, chain, sequence, hash, rest] = HEAD.exec(text) ?? []
  if (chain === undefined || hash === undefined) return undefined
  const head = { chain, sequence: Number(sequence), hash }
  if (rest === undefined) return head
  const [, at, kid, first, second] = SIGNED.exec(rest) ?? []
  if (kid === undefined || first === undefined || second === undefined) return undefined
  return { ...head, at: Number(at), kid, signature: first + second }
}
