/**
 * Talks to the server for one login panel: asks for a code, polls until somebody decides, and asks for the next
 * when one runs out. It knows the HTTP contract and nothing of the page.
 *
 * Each answer is told to `show`; its `state` is one of the request, or
 *   starting  a code was asked for         offline  no answer       these three try again
 *   idle      enough codes: wants a click  error    server trouble  by themselves, at
 *   refused   the server says no, and why  busy     too many codes  `deadline`
 *   used      the code has logged in       blocked  the browser kept no cookie
 *   failed    this script does not work here, which is nobody else's fault; the console says why
 * All is in seconds; deadlines are of performance.now(), which no change of the clock moves.
 */

const HOLD = 20; // How long a poll may be held,
const PATIENCE = 15; // and how much longer an answer is waited for.
const LONGEST_PAUSE = 30;
const SHORTEST_PAUSE = 0.2; // No tight loop, even if a server always says `interval: 0`.

const now = () => performance.now() / 1000;

/** The state that an answer means, after what was known `before`. */
function outcome({ ok, status, body }, before) {
  // Unknown right after its birth: the cookie did not stay, and more codes would not help.
  if (before && status === 404) return before.polled || before.deadline < now() + 1 ? "expired" : "blocked";
  if (before && status === 410) return "expired";
  if (!ok && !(status === 409 && body?.state)) return "refused";
  return body.state === "redeemed" && !body.location ? "used" : body.state;
}

export class LoginClient {
  #options;
  #show;
  #request = null; // The open request, as last answered.
  #run = 0; // Counts starts and ends: only the last may act on an answer.
  #attempt = new AbortController(); // Of the HTTP request in flight.
  #paused = false;
  #quick = false; // The next poll is not to be held.
  #wake = () => {}; // Ends a rest early.

  /** Takes `requestsUrl`, `renewals`, `fields()`: what to send with each start, and `show(detail)`. */
  constructor(options) {
    this.#options = options;
    this.#show = options.show;
  }

  /** Withdraws the last code and shows a new one. */
  start() {
    this.#guard(async () => {
      this.#show({ state: "starting" });
      if (await this.#withdraw()) await this.#follow(this.#run);
    });
  }

  /** Withdraws the code and shows no other. */
  cancel() {
    this.#guard(async () => {
      if (await this.#withdraw()) this.#show({ state: "cancelled" });
    });
  }

  /** Does some work, and tells a fault of this script as one, not as a fault of the network or the person. */
  async #guard(work) {
    try {
      await work();
    } catch (error) {
      console.error(error);
      this.stop();
      this.#show({ state: "failed" });
    }
  }

  /** Says whether nobody looks: meanwhile it rests, unless somebody has scanned the code. */
  pause(paused) {
    this.#paused = paused;
    if (!paused) this.retry();
  }

  /** Tries at once: something changed, or a person `asked`. */
  retry(asked) {
    // A poll after the scan may be the one that logs in: its answer must not get lost.
    if (this.#request ? this.#request.state === "pending" : asked) this.#attempt.abort();
    this.#quick = true;
    this.#wake();
  }

  /** Ends all work here. */
  stop() {
    this.#run++;
    this.#attempt.abort();
    this.#wake();
  }

  /** Tells whether to go on; not if the code has logged in. One try: a request runs out by itself. */
  async #withdraw() {
    this.stop();
    const [run, last] = [this.#run, this.#request];
    this.#request = null;
    if (!last) return true;
    const { status, body } = await this.#send(last.links.cancel, {});
    if (run !== this.#run) return false;
    // The answer that logs in takes the cookie away: after it the request is not known any more.
    if (body?.state !== "redeemed" && (status !== 404 || last.state === "pending")) return true;
    // Too late to withdraw is not to be hidden behind a new code: somebody is logged in now.
    this.#show({ state: "used" });
    return false;
  }

  /** Asks for a code and polls it to its end; if nobody scans it, asks for the next. */
  async #follow(run) {
    const { requestsUrl, fields, renewals } = this.#options;
    for (let round = 1, failures = 0, pause = 0; ; ) {
      await this.#rest(pause);
      if (run !== this.#run) return;
      const before = this.#request;
      const wait = this.#quick ? 0 : HOLD;
      this.#quick = false;
      const answer = before
        ? await this.#send(before.links.poll, { since: before.version, wait, issued_at: before.issued_at })
        : await this.#send(requestsUrl, fields());
      if (run !== this.#run) return;
      const { ok, status, body, retryAfter } = answer;

      if (ok ? !body?.state : status < 400 || status >= 500 || [408, 425, 429].includes(status)) {
        this.#quick = true;
        pause = 0;
        if (answer.interrupted) continue;
        pause = Math.min(LONGEST_PAUSE, 2 ** failures++) * (0.5 + Math.random() / 2);
        if (retryAfter) pause = retryAfter + Math.random(); // Not all pages at once.
        const state = !status ? "offline" : status === 429 ? "busy" : "error";
        // One lost poll matters to nobody, nor do slow ones while there is a code to show.
        const matters = failures > 2 || pause > 3 || answer.hung || (!status && !navigator.onLine);
        if (matters && !(state === "busy" && before)) this.#show({ ...body, state, status, deadline: now() + pause });
        continue;
      }
      failures = 0;

      const state = outcome(answer, before);
      const open = ["pending", "scanned", "approved"].includes(state);
      const after = { ...before, ...body, state, status, polled: !!before };
      const deadline = now() + (body?.expires_in ?? 0);
      // Whole seconds jitter; people watch the clock.
      if (state !== before?.state || Math.abs(deadline - before.deadline) > 1.5) after.deadline = deadline;
      this.#request = open ? after : null;
      pause = Math.max(after.interval || 0, SHORTEST_PAUSE);
      if (state === "expired" && before?.state === "pending") {
        // Nobody scans: a forgotten page must not ask for codes for ever.
        if (round++ >= renewals) return this.#show({ state: "idle" });
        this.#show({ state: "starting" });
      } else {
        this.#show(after);
        if (!open) return;
      }
    }
  }

  /** No answer is `status: 0`; what is not JSON, as a hotel's page, is no body. */
  async #send(url, message) {
    const attempt = (this.#attempt = new AbortController());
    const { signal } = attempt;
    let hung = false;
    const giveUp = () => {
      hung = true;
      attempt.abort();
    };
    const patience = setTimeout(giveUp, ((message.wait ?? 0) + PATIENCE) * 1000);
    const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(message) };
    const response = await fetch(url, { ...request, signal }).catch((error) => {
      // All that fetch says of the network. Anything else is a fault of ours, and not to be told as the network's.
      if (!signal.aborted && !(error instanceof TypeError)) throw error;
    });
    const body = await response?.json().catch(() => undefined);
    clearTimeout(patience);
    if (!response) return { status: 0, interrupted: signal.aborted && !hung, hung };
    const retryAfter = Math.min(Number(response.headers.get("Retry-After")) || 0, 86400); // Weeks overflow setTimeout.
    return { ok: response.ok, status: response.status, retryAfter, body };
  }

  /** Waits until the time is over or it is woken, and on while nobody looks. */
  async #rest(seconds) {
    const run = this.#run;
    do {
      await new Promise((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, seconds * 1000);
      });
      seconds = LONGEST_PAUSE;
    } while (run === this.#run && this.#paused && (this.#request?.state ?? "pending") === "pending");
  }
}
