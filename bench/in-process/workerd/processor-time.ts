import { readdir, readFile } from 'node:fs/promises'

/** The clock by which Linux counts. */
const TICK_MS = 10

/** Milliseconds of processor time that all workerds of this process have used so far; NaN where the system does not tell as Linux does. */
export async function workerdTime(): Promise<number> {
  let time = Number.NaN
  const processes = await readdir('/proc').catch(() => [])
  for (const id of processes.filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '')
    if (!stat.includes('(workerd)')) continue
    // What follows the name: state, parent, … and as 12th and 13th user and system time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (Number(fields[1]) === process.pid)
      time = (time || 0) + (Number(fields[11]) + Number(fields[12])) * TICK_MS
  }
  return time
}
