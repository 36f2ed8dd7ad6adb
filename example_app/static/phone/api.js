/**
 * What the app asks the server for. It sends `Authorization` and never a cookie, so that it is another login than the
 * browser's. Each method throws an Error whose message is for a person; `code` and `state` are the server's, if it
 * said one.
 */
export class PhoneApi {
  #urls;
  #bearer = null;

  constructor({ prefix, tokenUrl, decodeUrl }) {
    this.#urls = { api: `${prefix}api/`, token: tokenUrl, decode: decodeUrl };
  }

  async logIn(username, password) {
    this.#bearer = null;
    const { token } = await this.#postJson(this.#urls.token, { username, password });
    this.#bearer = token;
  }

  logOut() {
    this.#bearer = null;
  }

  /** The texts of the QR codes in a picture. */
  async decode(picture) {
    return (await this.#post(this.#urls.decode, picture, { "Content-Type": picture.type })).texts;
  }

  scan(token) {
    return this.#postJson(`${this.#urls.api}scan`, { token });
  }

  /** `decision` is "approve", or "deny", which also takes an approval back. */
  decide(decision, body) {
    return this.#postJson(this.#urls.api + decision, body);
  }

  #postJson(url, body) {
    const headers = { "Content-Type": "application/json" };
    if (this.#bearer) headers.Authorization = `Bearer ${this.#bearer}`;
    return this.#post(url, JSON.stringify(body), headers);
  }

  async #post(url, body, headers) {
    let response;
    try {
      response = await fetch(url, { method: "POST", credentials: "omit", cache: "no-store", headers, body });
    } catch {
      throw new Error("The server does not answer.");
    }
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return answer;
    const { title, detail, code, state } = answer;
    throw Object.assign(new Error(detail || title || `The server has trouble (${response.status}).`), { code, state });
  }
}
