// Cloudflare Workers: wrangler.toml at the top of the repository points here.
import { createApp } from './app.ts'

export default createApp()
