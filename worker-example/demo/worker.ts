// The example's Worker, with times so short that a demonstration need not wait.
import { createApp } from '../app.ts'

export default createApp({ cooldown: '3s', consistency: { maxStaleness: '1s' } })
