/**
 * The QR token in a link. An app sends its bearer token to its own site and to nobody else, whatever a code says:
 * `origins` are how this site's links may begin, and `prefix` is where its codes are.
 */
export function tokenIn(text, { origins, prefix }) {
  let link;
  try {
    link = new URL(text.trim());
  } catch {
    throw new Error("This is not a link.");
  }
  if (!/^https?:$/.test(link.protocol)) throw new Error("This is not a link to a site.");
  if (!origins.includes(link.origin)) throw new Error(`This code belongs to ${link.host}, not to this site. Do not use it.`);
  const start = `${prefix}s/`;
  const token = link.pathname.slice(start.length);
  if (!link.pathname.startsWith(start) || !/^[\w-]{38}$/.test(token)) throw new Error("This link is not a login code.");
  return token;
}
