/** Requests as they stand on the wire: neither the path nor the headers are tidied up, as fetch would. */
import { request, type IncomingHttpHeaders } from 'node:http'
import { TOKEN, type TestServer } from '../../support/server.js'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  readonly text: string
  /** Of a JSON body. */
  readonly json: unknown
}

export interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Null: none. */
  readonly token?: string | null
}

export async function ask({ port }: TestServer, path: string, options: Asking = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, token = TOKEN } = options
  const bearer = token === null ? {} : { authorization: `Bearer ${token}` }
  return await new Promise((resolve, reject) => {
    const asking = request(
      { port, host: '127.0.0.1', path, method, headers: { ...bearer, ...headers } },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', reject)
        response.on('end', () => {
          const bytes = Buffer.concat(parts)
          const text = bytes.toString()
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            bytes,
            text,
            get json() {
              return JSON.parse(text) as unknown
            },
          })
        })
      },
    )
    asking.on('error', reject)
    asking.end(body)
  })
}
