import { testKillsBehind } from './behind-proxy.ts'
import { NGINX } from './proxies.ts'

testKillsBehind(NGINX)
