// TypeScript, React Native: fetch is part of it.
export interface Scanned {
  state: string;
  version: number;
  expires_in: number;
  site: string;
  asking: { browser: string; ip: string | null; place: string | null; age: number };
  warnings: string[];
  confirmation: string; // "tap", "match" or "reauth"; ask for an update at any other
  choices: string[];
  confirm_token: string;
}

export class Refused extends Error {
  constructor(public readonly code: string, message: string) {
    super(message);
  }
}

export class QRLogin {
  /** site: scheme and host, such as "https://example.com". */
  constructor(private readonly site: string, private readonly bearer: string) {}

  /** The token in a link that the camera read; null if it is not a login code of this site. */
  tokenIn(link: string): string | null {
    const start = `${this.site}/qrlogin/s/`;
    const token = link.startsWith(start) ? link.slice(start.length) : "";
    return /^[A-Za-z0-9_-]{38}$/.test(token) ? token : null;
  }

  async tokenOf(typedCode: string): Promise<string> {
    const answer = await this.post<{ token: string }>("/qrlogin/api/code", { code: typedCode });
    return answer.token;
  }

  scan(token: string): Promise<Scanned> {
    return this.post("/qrlogin/api/scan", { token });
  }

  /** number: what the person picked ("match") or typed ("reauth"); undefined for "tap". */
  async approve(token: string, scanned: Scanned, number?: string, remember = false): Promise<void> {
    const body = { token, confirm_token: scanned.confirm_token, number, remember };
    await this.post("/qrlogin/api/approve", body);
  }

  async deny(token: string, scanned: Scanned): Promise<void> {
    await this.post("/qrlogin/api/deny", { token, confirm_token: scanned.confirm_token });
  }

  private async post<Answer>(path: string, body: object): Promise<Answer> {
    const response = await fetch(this.site + path, {
      method: "POST",
      credentials: "omit",
      redirect: "error", // The token is for this site alone; our API never redirects.
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.bearer}` },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) throw new Refused(answer.code, answer.detail ?? answer.title);
    return answer;
  }
}
