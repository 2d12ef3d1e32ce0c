import { chown, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createStorage } from '../../src/env/node.ts'
import { readEnvironment } from '../../src/env/settings.ts'
import { cli } from '../cli/terminal.ts'
import { pushSchema } from '../postgres/support.ts'
import { selfSigned } from '../support/certificate.ts'
import { createDatabase, type PostgresServer, startPostgres } from '../support/postgres.ts'
import { makeFolder, serverAccount } from '../support/postgres-host.ts'

const PASSWORD = 'tls-secret'

describe('a server that lets the role in over TLS alone', () => {
  let server: PostgresServer
  let folder: string
  const file = (name: string) => join(folder, name)

  beforeAll(async () => {
    const account = serverAccount()
    folder = await makeFolder(account)
    const [ours, other] = [selfSigned('localhost'), selfSigned('localhost')]
    const files = {
      'server.crt': ours.certificate,
      'server.key': ours.key,
      'client.key': ours.key,
      'other.crt': other.certificate,
      'hba.conf': 'host all postgres all scram-sha-256\nhostssl all app all scram-sha-256\n',
    }
    for (const [name, content] of Object.entries(files)) {
      await writeFile(file(name), content, { mode: 0o600 })
      if (account.uid !== undefined) await chown(file(name), account.uid, account.gid!)
    }
    server = await startPostgres({
      settings: [
        'ssl=on',
        `ssl_cert_file=${file('server.crt')}`,
        `ssl_key_file=${file('server.key')}`,
        `ssl_ca_file=${file('server.crt')}`,
        `hba_file=${file('hba.conf')}`,
      ],
    })
    const admin = new pg.Client(server.url)
    await admin.connect()
    await admin.query(`create role app login password '${PASSWORD}'`)
    await admin.query('create database app owner app')
    await admin.end()
  })
  afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const app = () => ({
    RC_DB_HOST: 'localhost',
    RC_DB_PORT: new URL(server.url).port,
    RC_DB_NAME: 'app',
    RC_DB_USER: 'app',
    RC_DB_PASSWORD: PASSWORD,
  })

  /** What the server sees of a connection by these variables. */
  async function seen(env: object) {
    const client = new pg.Client(readEnvironment({ ...app(), ...env }, true).database!.url)
    try {
      await client.connect()
      const { rows } = await client.query(
        'select ssl, client_dn from pg_stat_ssl where pid = pg_backend_pid()',
      )
      return rows[0]
    } finally {
      await client.end()
    }
  }

  it('is set up, asked and looked at by the command line, and used by a storage', async () => {
    const env = { ...app(), RC_DB_SSLMODE: 'require' }
    expect(await cli(['pg-setup', '--yes'], { env })).toMatchObject({ code: 0 })
    expect(await cli(['status', '--json'], { env })).toMatchObject({ code: 0, out: '[]\n' })
    expect(await cli(['doctor'], { env })).toMatchObject({ code: 0 })
    await using storage = createStorage(env)
    expect((await storage.list()).items).toEqual([])
  })

  it('is not reached without', async () => {
    const env = app()
    const { code, err } = await cli(['status'], { env })
    expect(code).toBe(1)
    expect(err).toContain('lets "app" in over TLS alone.\nSet RC_DB_SSLMODE')
    await using storage = createStorage({ ...env, RC_DB_SSLMODE: 'disable' })
    await expect(storage.list()).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
  })

  it.each(['allow', 'prefer', 'require'])('is reached with %s', async (RC_DB_SSLMODE) => {
    expect(await seen({ RC_DB_SSLMODE })).toEqual({ ssl: true, client_dn: null })
  })

  it('is reached with its own certificate as root, in each mode that checks it', async () => {
    for (const RC_DB_SSLMODE of ['require', 'verify-ca', 'verify-full', undefined]) {
      const env = { RC_DB_SSLMODE, RC_DB_SSLROOTCERT: file('server.crt') }
      expect(await seen(env)).toEqual({ ssl: true, client_dn: null })
    }
  })

  it('is refused with another root, in each mode that checks it', async () => {
    for (const RC_DB_SSLMODE of ['require', 'verify-ca', 'verify-full']) {
      const env = { RC_DB_SSLMODE, RC_DB_SSLROOTCERT: file('other.crt') }
      await expect(seen(env)).rejects.toThrow(/certificate|signature/)
    }
    await expect(seen({ RC_DB_SSLMODE: 'verify-full' })).rejects.toThrow(/self-signed certificate/)
    await expect(seen({ RC_DB_SSLROOTCERT: 'system' })).rejects.toThrow(/self-signed certificate/)
  })

  it('must bear the name only where all is verified', async () => {
    // Another name for 127.0.0.1, which is not in the certificate.
    const env = { RC_DB_HOST: '127.1', RC_DB_SSLROOTCERT: file('server.crt') }
    expect(await seen({ ...env, RC_DB_SSLMODE: 'verify-ca' })).toMatchObject({ ssl: true })
    await expect(seen({ ...env, RC_DB_SSLMODE: 'verify-full' })).rejects.toThrow(/127\.1/)
  })

  it('sees the certificate of the client', async () => {
    const env = {
      RC_DB_SSLMODE: 'require',
      RC_DB_SSLCERT: file('server.crt'),
      RC_DB_SSLKEY: file('client.key'),
    }
    expect(await seen(env)).toEqual({ ssl: true, client_dn: '/CN=localhost' })
  })

  it('is reached by what a connection string says, and the variables beside it have no effect', async () => {
    const { RC_DB_PORT: port } = app()
    const dsn = `host=localhost port=${port} dbname=app user=app password=${PASSWORD}`
    const full = `${dsn} sslmode=verify-full sslrootcert='${file('server.crt')}'`
    expect(await seen({ RC_DB_DSN: full })).toMatchObject({ ssl: true })
    await expect(seen({ RC_DB_DSN: dsn, RC_DB_SSLMODE: 'require' })).rejects.toThrow(
      /no encryption/,
    )
  })

  it('is reached by a URL that says nothing of TLS where the variables do', async () => {
    const RC_DATABASE_URL = `postgresql://app:${PASSWORD}@localhost:${app().RC_DB_PORT}/app`
    expect(await seen({ RC_DATABASE_URL, RC_DB_SSLMODE: 'require' })).toMatchObject({ ssl: true })
    const plain = `${RC_DATABASE_URL}?sslmode=disable`
    await expect(seen({ RC_DATABASE_URL: plain, RC_DB_SSLMODE: 'require' })).rejects.toThrow(
      /no encryption/,
    )
  })

  it('says what is missing where a file is', async () => {
    const env = { ...app(), RC_DB_SSLMODE: 'verify-ca', RC_DB_SSLROOTCERT: '/not/there.crt' }
    const { code, err } = await cli(['status'], { env })
    expect(code).toBe(1)
    expect(err).toContain('/not/there.crt')
  })
})

it.each(['allow', 'prefer', 'require'])(
  'a server without TLS is refused under %s, by the storage and by the command line',
  async (RC_DB_SSLMODE) => {
    const database = await createDatabase(inject('postgresUrl'), 'no_tls')
    await pushSchema(database.url)
    const { hostname, port, pathname, username, password } = new URL(database.url)
    const env = {
      RC_DB_HOST: hostname,
      RC_DB_PORT: port,
      RC_DB_NAME: pathname.slice(1),
      RC_DB_USER: username,
      RC_DB_PASSWORD: password,
      RC_DB_SSLMODE,
    }
    {
      await using storage = createStorage(env)
      await expect(storage.list()).rejects.toThrow('does not support SSL')
    }
    for (const command of [['status'], ['doctor'], ['pg-setup', '--yes']])
      expect(await cli(command, { env })).toMatchObject({ code: 1 })
    await database.drop()
  },
)

describe('what cannot be honoured is one error', () => {
  const HOST = { RC_DB_HOST: 'db.example.com', RC_DB_PASSWORD: 'secret' }
  const HTTP = { ...HOST, RC_DB_DRIVER: 'neon-http' }
  it.each([
    [
      { RC_DB_SSLMODE: 'yes' },
      'RC_DB_SSLMODE must be one of disable, allow, prefer, require, verify-ca, verify-full; got "yes"',
    ],
    [{ RC_DB_SSLMODE: 'verify-ca' }, 'RC_DB_SSLROOTCERT must be set where the mode is verify-ca'],
    [{ RC_DB_SSLCERT: '/c' }, 'RC_DB_SSLKEY must be set where the certificate for it is'],
    [{ RC_DB_SSLKEY: '/k' }, 'RC_DB_SSLCERT must be set where the key for it is'],
    [
      { RC_DB_SSLROOTCERT: 'system', RC_DB_SSLMODE: 'require' },
      'RC_DB_SSLMODE must be verify-full where',
    ],
    [{ ...HTTP, RC_DB_SSLROOTCERT: '/r' }, 'RC_DB_SSLROOTCERT must be left out over HTTP'],
    [
      { ...HTTP, RC_DB_SSLCERT: '/c', RC_DB_SSLKEY: '/k' },
      'RC_DB_SSLCERT must be left out over HTTP',
    ],
    [
      { RC_DB_FETCH_ENDPOINT: 'http://h/sql', RC_DB_SSLMODE: 'require' },
      'RC_DB_SSLMODE must be left out, or the endpoint one of https',
    ],
    [
      { RC_DB_FETCH_ENDPOINT: 'http://h/sql', RC_DB_SSLMODE: 'verify-full' },
      'RC_DB_SSLMODE must be left out, or the endpoint one of https',
    ],
    [
      { RC_DB_DSN: 'host=h user=u sslmode=yes' },
      'RC_DB_DSN must be a connection string whose sslmode is one of disable, ',
    ],
    [
      { RC_DB_DSN: 'host=h user=u sslrootcert=/r', RC_DB_DRIVER: 'neon-http' },
      'RC_DB_DSN must be a connection string whose sslrootcert is left out over HTTP',
    ],
  ])('%o', (env, message) => {
    expect(() => readEnvironment({ ...HOST, ...env }, true)).toThrow(message)
  })

  it('over HTTP there always is TLS, so that these change nothing', () => {
    for (const RC_DB_SSLMODE of ['disable', 'prefer', 'require', 'verify-full'])
      expect(readEnvironment({ ...HTTP, RC_DB_SSLMODE }, true).database?.url).toBe(
        'postgresql://postgres:secret@db.example.com:5432/resilient_circuit_db',
      )
  })
})
