/**
 * Talks to the server for one login panel: asks for a code, polls until somebody decides, and asks for the next
 * code when one runs out. It knows the HTTP contract and nothing of the page.
 *
 * Each change is a `change` event; `detail.state` is a state of the request, or
 *   starting  a code was asked for         offline  no answer          these three try again
 *   idle      enough codes: wants a click  error    server trouble     by themselves, at
 *   refused   the server says no, and why  busy     too many codes     `detail.deadline`
 *   used      the code has logged in       blocked  the browser kept no cookie
 * Deadlines are seconds of performance.now(), which no change of the clock moves.
 */

// Seconds: how long a poll may be held, how much longer a lost one is waited for, and between tries.
const HOLD = 20;
const PATIENCE = 15;
const LONGEST_PAUSE = 30;
const SHORTEST_PAUSE = 0.2; // No tight loop, even if a server always says `interval: 0`.
const OPEN = ["pending", "scanned", "approved"];

const now = () => performance.now() / 1000;

/** Seconds or a date, which is compared with the server's own clock: ours may be wrong. */
function retryAfter(headers) {
  const text = headers.get("Retry-After");
  const from = Date.parse(headers.get("Date")) || Date.now();
  const seconds = text && isNaN(text) ? (Date.parse(text) - from) / 1000 : Number(text);
  return Math.min(seconds > 0 ? seconds : 0, 86400); // setTimeout with weeks would overflow, and fire at once.
}

export class LoginClient extends EventTarget {
  /** Replace it to add headers, or in tests. */
  static fetch = (url, init) => fetch(url, init);

  #options;
  #request = null; // The open request, as last answered.
  #shown = {};
  #run = null; // AbortController of the only loop that may act; a late answer to any other is lost.
  #attempt = null; // AbortController of the HTTP request in flight.
  #paused = false;
  #wake = null; // Ends a rest early.
  #quick = false; // The next poll is not to be held: something may have changed unseen.

  constructor(options) {
    super();
    this.#options = options; // requestsUrl, rounds, and fields(): what to send with each start
  }

  /** A person wants a code: withdraws the last one and counts the rounds anew. */
  start() {
    this.#only(async (signal) => {
      this.#show({ state: "starting" });
      // Too late to withdraw is not to be hidden behind a new code: somebody is logged in now.
      if ((await this.#withdraw(signal)) === "redeemed") return this.#show({ state: "used" });
      for (let round = 1; (await this.#create(signal)) && (await this.#follow(signal)); round++) {
        // Nobody scans: a forgotten page must not ask for codes for ever.
        if (round >= this.#options.rounds) return this.#show({ state: "idle" });
        this.#show({ state: "starting" });
      }
    });
  }

  /** Withdraws the code and shows no other. */
  cancel() {
    this.#only(async (signal) => {
      const state = await this.#withdraw(signal);
      this.#show({ state: state === "redeemed" ? "used" : "cancelled" });
    });
  }

  /** Nobody looks: rests until resume(), unless somebody has scanned the code. */
  pause() {
    this.#paused = true;
  }

  resume() {
    this.#paused = false;
    this.#hurry();
  }

  /** Tries at once: the network changed, or (`asked`) a person clicked, who need not wait for Retry-After. */
  retry(asked = false) {
    // A poll after the scan may be the one that logs in: its answer must not get lost.
    if (this.#request ? this.#request.state === "pending" : asked) this.#attempt?.abort();
    this.#hurry(asked);
  }

  /** Ends all work here; the request on the server runs out by itself. */
  stop() {
    this.#halt();
    this.#request = null;
    this.#shown = {};
  }

  #halt() {
    this.#run?.abort();
    this.#attempt?.abort();
    this.#wake?.();
  }

  async #only(work) {
    this.#halt();
    const { signal } = (this.#run = new AbortController());
    try {
      await work(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #create(signal) {
    await this.#rest(signal, 0); // A tab that nobody has seen yet needs no code.
    const { requestsUrl, fields } = this.#options;
    const { ok, status, body } = await this.#ask(signal, requestsUrl, () =>
      Object.fromEntries(Object.entries(fields()).filter(([, value]) => value)),
    );
    if (ok) this.#request = { ...body, deadline: now() + body.expires_in };
    this.#show(ok ? this.#request : { ...body, state: "refused", status });
    return ok;
  }

  /** Polls one request to its end. True if nobody scanned it in time, so that another may follow. */
  async #follow(signal) {
    for (let answered = false; ; answered = true) {
      const before = this.#request;
      const { id, links, version, issued_at, interval } = before;
      const pause = Math.max(interval || 0, SHORTEST_PAUSE);
      await this.#rest(signal, pause, pause);
      const { ok, status, body } = await this.#ask(signal, links.poll, () => {
        const wait = this.#quick ? 0 : Math.max(0, Math.min(HOLD, Math.round(before.deadline - now())));
        this.#quick = false;
        return { since: version, wait, issued_at };
      });
      const after = { ...before, ...body, id, links, status };
      if (status === 404 || status === 410) {
        // Unknown right after its birth: the cookie did not stay, and more codes would not help.
        after.state = status === 404 && !answered && before.deadline > now() + 1 ? "blocked" : "expired";
      } else if (!ok && !(status === 409 && body?.state)) {
        after.state = "refused";
      } else if (after.state === "redeemed" && !body.location) {
        after.state = "used";
      }
      const deadline = now() + (body?.expires_in ?? 0);
      // Whole seconds jitter: the clock that people watch moves only if it is really another time.
      if (after.state !== before.state || Math.abs(deadline - before.deadline) > 1.5) after.deadline = deadline;

      const open = OPEN.includes(after.state);
      this.#request = open ? after : null;
      after.quiet = after.state === "expired" && before.state === "pending"; // Something better is shown at once.
      this.#show(after);
      if (!open) return after.quiet;
    }
  }

  /** One try is enough, since a request runs out by itself. Answers the state it ended in, if known. */
  async #withdraw(signal) {
    const { links, state } = this.#request ?? {};
    this.#request = null;
    if (!links) return null;
    const { status, body } = await this.#send(links.cancel, {}, 5);
    signal.throwIfAborted();
    // The answer that logs in takes the cookie away: after it the request is not known any more.
    return status === 404 && state !== "pending" ? "redeemed" : body?.state;
  }

  /** Sends until there is an answer that decides something, and shows trouble once it matters. */
  async #ask(signal, url, compose) {
    for (let failures = 0; ; ) {
      const message = compose();
      const answer = await this.#send(url, message, (message.wait ?? 0) + PATIENCE);
      signal.throwIfAborted();
      const { ok, status, body, retryAfter: asked = 0 } = answer;
      if (ok ? body?.state : status >= 400 && status < 500 && ![408, 425, 429].includes(status)) return answer;
      this.#quick = true;
      if (answer.interrupted) continue;

      const backoff = Math.min(LONGEST_PAUSE, 2 ** failures++) * (0.5 + Math.random() / 2);
      const pause = asked ? asked + Math.random() : backoff; // Not all pages at once, when a server comes back.
      const state = !status ? "offline" : status === 429 ? "busy" : "error";
      // One lost poll matters to nobody; a slowed one does not either, while there is a code to show.
      const matters = failures > 2 || pause > 3 || answer.hung || (!status && globalThis.navigator?.onLine === false);
      if (matters && !(state === "busy" && this.#request)) {
        this.#show({ ...body, state, status, deadline: now() + pause });
      }
      await this.#rest(signal, pause, asked);
    }
  }

  /** One HTTP request. Never throws: no answer is `status: 0`; what is not JSON is no body. */
  async #send(url, message, patience) {
    const attempt = (this.#attempt = new AbortController());
    const timer = setTimeout(() => attempt.abort("hung"), patience * 1000);
    try {
      const response = await LoginClient.fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        credentials: "same-origin",
        body: JSON.stringify(message),
        signal: attempt.signal,
      });
      const text = await response.text();
      let body;
      try {
        body = JSON.parse(text);
      } catch {} // A proxy's page, or a hotel's.
      return { ok: response.ok, status: response.status, body, retryAfter: retryAfter(response.headers) };
    } catch {
      const { aborted, reason } = attempt.signal;
      const hung = reason === "hung";
      return { ok: false, status: 0, hung, interrupted: aborted && !hung };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits, and on while the page is hidden. Being woken cuts it short, but not below what the server `asked` for. */
  async #rest(signal, seconds, asked = 0) {
    const begun = now();
    let until = begun + seconds;
    for (;;) {
      signal.throwIfAborted();
      const hidden = this.#paused && (this.#request?.state ?? "pending") === "pending";
      if (!hidden && now() >= until) return;
      await new Promise((resolve) => {
        const timer = hidden ? 0 : setTimeout(resolve, (until - now()) * 1000);
        this.#wake = (force) => {
          clearTimeout(timer);
          until = Math.min(until, force ? begun : begun + asked);
          resolve();
        };
      });
    }
  }

  #hurry(force = false) {
    this.#quick = true;
    this.#wake?.(force);
  }

  #show(detail) {
    const same = (key) => detail[key] === this.#shown[key];
    if (["state", "id", "version", "qr", "deadline"].every(same)) return;
    this.#shown = detail;
    this.dispatchEvent(new CustomEvent("change", { detail }));
  }
}
