// Runs in the shopper's browser: the card leaves it encrypted, and goes to the service only.

import { createToken, FlexError, verifyCaptureContext } from 'coatcheck/client'

const form = document.forms[0]
const { captureContext: jwt = '', service = '' } = form?.dataset ?? {}

async function pay(number: string): Promise<string> {
  const captureContext = await verifyCaptureContext(jwt, {
    origins: [service],
    publicKeyOrigin: service,
  })
  const card = { number, expirationMonth: '12', expirationYear: '2031' }
  const data = { paymentInformation: { card } }
  const body = await createToken({ captureContext, data })
  return (await fetch('/pay', { method: 'POST', body })).text()
}

form?.addEventListener('submit', (event) => {
  event.preventDefault()
  const number = new FormData(form).get('number')
  const output = form.querySelector('output')
  void pay(typeof number === 'string' ? number : '')
    .catch((error: unknown) => {
      if (error instanceof FlexError) return 'Please check your card, or load the page again'
      throw error
    })
    .then((words) => output?.replaceChildren(words))
})
