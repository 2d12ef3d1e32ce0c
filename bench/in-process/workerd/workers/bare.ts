export default {
  fetch: () => new Response('ok', { headers: { 'content-type': 'text/plain;charset=UTF-8' } }),
}
