import { readdir, readFile } from 'node:fs/promises'

/** The clock by which Linux counts. */
const TICK_MS = 10

/** Milliseconds of processor time that the workerd of this process has used so far; undefined where the system does not tell as Linux does. */
export async function workerdTime(): Promise<number | undefined> {
  const processes = await readdir('/proc').catch(() => [])
  for (const id of processes.filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '')
    if (!stat.includes('(workerd)')) continue
    // What follows the name: state, parent, … and as 12th and 13th user and system time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (Number(fields[1]) === process.pid) return (Number(fields[11]) + Number(fields[12])) * TICK_MS
  }
  return undefined
}
