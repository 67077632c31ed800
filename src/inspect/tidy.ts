/** A text without what is around a token, and the sentences that say what was there. */
export interface Tidied {
  readonly text: string
  readonly problems: readonly string[]
}

const STEPS: readonly {
  readonly pattern: RegExp
  readonly replacement: string
  readonly problem: string
}[] = [
  {
    pattern: /^\uFEFF/,
    replacement: '',
    problem: 'A byte order mark stands before it: a verifier would refuse that.',
  },
  {
    pattern: /^(["'`])(.*)\1$/s,
    replacement: '$2',
    problem: 'Quotes stand around it: the wire has it bare, and a verifier would refuse that.',
  },
  {
    pattern: /^(?:authorization:\s*)?bearer\s+/i,
    replacement: '',
    problem: '“Bearer” stands before it: that belongs to the header, not to the token.',
  },
]

const LINE_BREAKS = {
  pattern: /\s+/g,
  replacement: '',
  problem: 'Line breaks or spaces are inside it: a verifier would refuse that.',
}

/** Takes away what people paste along with a token; JSON keeps its white space. */
export function tidy(input: string): Tidied {
  const problems: string[] = []
  let text = input.trim()
  for (const { pattern, replacement, problem } of [...STEPS, LINE_BREAKS]) {
    const isJson = text.startsWith('{')
    if (isJson || !pattern.test(text)) continue
    text = text.replace(pattern, replacement).trim()
    problems.push(problem)
  }
  return { text, problems }
}
