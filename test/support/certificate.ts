import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export interface Certificate {
  /** In PEM. */
  readonly certificate: string
  /** In PEM. */
  readonly key: string
}

/** A certificate that vouches for itself and for a host name, for a day. */
export function selfSigned(host: string): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(set(sequence(oid('550403'), der(0x0c, Buffer.from(host)))))
  const algorithm = sequence(oid('2a8648ce3d040302'))
  const toSign = sequence(
    der(0xa0, integer(2)),
    integer(Date.now() % 2 ** 31),
    algorithm,
    name,
    sequence(time(Date.now() - 86_400_000), time(Date.now() + 86_400_000)),
    name,
    spki(publicKey),
    der(
      0xa3,
      sequence(
        extension('551d13', sequence(der(0x01, Buffer.from([0xff])))),
        extension('551d11', sequence(der(0x82, Buffer.from(host)))),
      ),
    ),
  )
  const signature = der(0x03, Buffer.from([0]), sign('sha256', toSign, privateKey))
  const whole = sequence(toSign, algorithm, signature).toString('base64')
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${whole.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents)
  const length = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

const sequence = (...contents: readonly Buffer[]) => der(0x30, ...contents)
const set = (...contents: readonly Buffer[]) => der(0x31, ...contents)
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const extension = (id: string, value: Buffer) => sequence(oid(id), der(0x04, value))
const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'der' })

function integer(value: number): Buffer {
  const bytes = Buffer.alloc(5)
  bytes.writeUInt32BE(value, 1)
  const first = bytes.findIndex((byte, i) => i === 4 || byte !== 0 || bytes[i + 1]! >= 0x80)
  return der(0x02, bytes.subarray(first))
}

const time = (at: number) =>
  der(0x18, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]|\.\d+/g, '')}`))
