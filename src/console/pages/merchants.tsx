import type { JSX } from 'preact'
import { useConsole } from '../console-context.ts'
import { readMerchants, type Merchant } from '../control/answers.ts'
import { CopyButton } from '../parts/copy.tsx'
import { Facts } from '../parts/facts.tsx'
import { Failure } from '../parts/failure.tsx'
import { Wire } from '../parts/wire.tsx'
import { hrefOf, NO_FILTER } from '../route.ts'
import { useAnswer } from '../use-answer.ts'
import { Heading } from './panes.tsx'

/** Merchants, their credentials, and what to change in each official client. */
export function MerchantsPage(): JSX.Element {
  const { control, snapshot } = useConsole()
  const { answer, failure } = useAnswer(
    (signal) => control('/_dev/merchants', readMerchants, { signal }),
    snapshot.state?.startedAt ?? '',
  )
  return (
    <div class="page">
      <Heading isMain>Merchants</Heading>
      {failure === undefined ? null : <Failure failure={failure} />}
      {answer?.merchants.map((merchant) => (
        <MerchantSection key={merchant.id} merchant={merchant} />
      ))}
      {answer?.merchants.length === 0 ? (
        <div class="empty">
          <p>There is no merchant.</p>
          <p class="quiet">npx coatcheck merchants add shop-1</p>
        </div>
      ) : null}
    </div>
  )
}

function MerchantSection({ merchant }: { readonly merchant: Merchant }): JSX.Element {
  const { id, bundled, sessionKeys, disabled, credentials, configurations } = merchant
  return (
    <section aria-labelledby={`merchant-${id}`}>
      <h2 id={`merchant-${id}`}>
        {id}
        {disabled ? ' (disabled)' : ''}
      </h2>
      {bundled ? (
        <p class="quiet lead">Bundled, with published credentials: they protect nothing.</p>
      ) : null}
      <Facts
        facts={[
          ['session keys', sessionKeys],
          [
            'requests',
            <a key="requests" href={hrefOf('requests', '', { ...NO_FILTER, merchant: id })}>
              show them
            </a>,
          ],
        ]}
      />
      {credentials.map((credential) => (
        <div class="credential" key={credential.keyId}>
          <Facts
            facts={[
              ['kind', `${credential.kind}${credential.revoked === true ? ', revoked' : ''}`],
              ['key id', <Copyable key="id" text={credential.keyId} what="key id" />],
              [
                'secret',
                credential.secret === null ? null : (
                  <Copyable text={credential.secret} what="secret" />
                ),
              ],
            ]}
          />
        </div>
      ))}
      {[...Map.groupBy(configurations, ({ authentication }) => authentication)].map(
        ([authentication, ofKind]) => (
          <Configurations
            key={authentication}
            title={AUTHENTICATIONS[authentication] ?? authentication}
            configurations={ofKind}
          />
        ),
      )}
    </section>
  )
}

const AUTHENTICATIONS: Readonly<Record<string, string>> = {
  http_signature: 'HTTP Signature',
  jwt_shared_secret: 'JWT with the shared secret',
  jwt_p12: 'JWT with a p12',
}

/** What to change in each official client, for one way of signing. */
function Configurations({
  title,
  configurations,
}: {
  readonly title: string
  readonly configurations: Merchant['configurations']
}): JSX.Element {
  return (
    <>
      <h3 class="way">{title}</h3>
      <div class="cards configurations">
        {configurations.map(({ language, evidence, lines }) => (
          <section class="card" key={language}>
            <h4>
              {language} <span class="quiet">{evidence}</span>
            </h4>
            <Wire text={lines.join('\n')} label={`configuration for ${language}, ${title}`} />
          </section>
        ))}
      </div>
    </>
  )
}

function Copyable({ text, what }: { readonly text: string; readonly what: string }): JSX.Element {
  return (
    <span class="copyable">
      <code>{text}</code> <CopyButton text={text} what={what} />
    </span>
  )
}
