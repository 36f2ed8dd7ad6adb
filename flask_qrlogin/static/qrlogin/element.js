/**
 * <qr-login requests-url="…" next="…" login-hint="…" rounds="5">: shows what the client tells. It makes no HTTP
 * request and holds no text: the server renders one section for each state and one element for each reason of a
 * denial, and this shows the right ones and fills their slots.
 *
 * Each state is a bubbling DOM event `qr-login-STATE`; the states are listed in client.js. Preventing the default
 * of `qr-login-redeemed` keeps the page from moving on to `event.detail.location`.
 */
import { LoginClient } from "./client.js";

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "rect", "path"]);
const SVG_ATTRIBUTES = new Set(["viewBox", "x", "y", "width", "height", "d", "fill", "stroke", "shape-rendering"]);

/** Builds the picture node by node: innerHTML is closed under Trusted Types, and no page should have to open it. */
function picture(text) {
  const root = document.createDocumentFragment();
  let parent = root;
  for (const [, closing, tag, attributes, alone] of text.matchAll(/<(\/?)(\w+)([^>]*?)(\/?)>/g)) {
    if (!SVG_TAGS.has(tag)) continue;
    if (closing) {
      parent = parent.parentNode ?? root;
      continue;
    }
    const node = document.createElementNS(SVG, tag);
    for (const [, name, value] of attributes.matchAll(/([\w-]+)="([^"]*)"/g)) {
      if (SVG_ATTRIBUTES.has(name) && !value.includes("url(")) node.setAttribute(name, value);
    }
    parent.append(node);
    if (!alone) parent = node;
  }
  return root;
}

/** The address if it is one of the web, also when relative: never `javascript:` or the like. */
function webAddress(text) {
  const link = document.createElement("a");
  link.href = text ?? "";
  return text && /^https?:$/.test(link.protocol) ? link.href : null;
}

export class QRLoginElement extends HTMLElement {
  #client = null;
  #listening = null;
  #shown = {};
  #timer = 0;

  connectedCallback() {
    if (this.#client) return; // Only moved within the page.
    const rounds = Number(this.getAttribute("rounds") ?? 5);
    this.#client = new LoginClient({
      requestsUrl: this.getAttribute("requests-url"),
      rounds,
      // Read at each start: a page may set them when somebody has typed a name.
      fields: () => ({ next: this.getAttribute("next"), login_hint: this.getAttribute("login-hint") }),
    });
    const { signal } = (this.#listening = new AbortController());
    const on = (target, type, listener) => target.addEventListener(type, listener, { signal });
    on(this.#client, "change", ({ detail }) => this.#show(detail));
    on(this, "click", (event) => this.#act(event));
    on(document, "visibilitychange", () => this.#look());
    on(window, "online", () => this.#client.retry());
    on(window, "offline", () => this.#client.retry()); // Ends a poll that would hang.
    on(window, "pageshow", ({ persisted }) => persisted && this.#client.retry());
    this.#look();
    if (rounds > 0) this.#client.start();
    else this.#show({ state: "idle" });
  }

  disconnectedCallback() {
    queueMicrotask(() => {
      if (this.isConnected || !this.#client) return;
      this.#listening.abort();
      this.#client.stop();
      this.#client = null;
      clearTimeout(this.#timer);
    });
  }

  /** Shows a new code. */
  start() {
    this.#client?.start();
  }

  /** Withdraws the code. */
  cancel() {
    this.#client?.cancel();
  }

  #act({ target }) {
    const action = target.closest?.("[data-action]")?.dataset.action;
    if (action === "start") this.start();
    else if (action === "cancel") this.cancel();
    else if (action === "retry") this.#client.retry(true);
  }

  #look() {
    if (document.hidden) this.#client.pause();
    else this.#client.resume();
    this.#tick();
  }

  #show(detail) {
    const before = this.#shown;
    const { state, profile, qr } = detail;
    if (!detail.quiet) {
      this.#shown = detail;
      this.setAttribute("state", state);
      if (qr && qr.svg !== before.qr?.svg) this.#slots("qr", (slot) => slot.replaceChildren(picture(qr.svg)));
      if (profile) {
        this.#text("name", profile.name);
        if (before.profile?.avatar_url !== profile.avatar_url) this.#avatar(profile);
      }
      this.#text("title", detail.title);
      this.#text("detail", detail.detail);
      this.#text("number", detail.number);
      this.#slots("numbered", (slot) => (slot.hidden = !detail.number));
      this.#slots("reason", (slot) => (slot.hidden = slot.dataset.reason !== (detail.reason ?? "")));
      this.#slots("location", (slot) => (slot.href = webAddress(detail.location) ?? ""));
      if (state !== before.state || detail.number !== before.number) this.#turn(state);
      this.#tick();
    }
    if (state === before.state && detail.id === before.id) return;
    const event = new CustomEvent(`qr-login-${state}`, { bubbles: true, cancelable: state === "redeemed", detail });
    if (!this.dispatchEvent(event) || state !== "redeemed") return;
    const address = webAddress(detail.location);
    if (address) window.location.assign(address);
  }

  /** Shows the section of the state, says it to screen readers, and keeps the focus in the panel. */
  #turn(state) {
    let section;
    let focused = false;
    for (const each of this.querySelectorAll("[data-state]")) {
      const right = each.dataset.state.split(" ").includes(state);
      if (right) section = each;
      else focused ||= each.contains(document.activeElement);
      each.hidden = !right;
    }
    if (!section) return;
    if (focused) section.focus({ preventScroll: true });
    if (state === "starting") return; // Too short to be worth hearing.
    const said = [...section.querySelectorAll("[data-say]:not([hidden])")];
    const text = said.map((each) => each.textContent.trim().replace(/\.$/, "")).join(". ");
    this.#slots("status", (slot) => (slot.textContent = text));
  }

  #slots(name, fill) {
    this.querySelectorAll(`[data-${name}]`).forEach(fill);
  }

  /** Fills a slot, or puts back what the template had there; an empty one is hidden. */
  #text(name, text) {
    this.#slots(name, (slot) => {
      slot.dataset.default ??= slot.textContent;
      slot.textContent = text || slot.dataset.default;
      slot.hidden = !slot.textContent;
    });
  }

  /** The picture over the first letter of the name, which is seen where there is no picture or it does not load. */
  #avatar({ name, avatar_url }) {
    const address = webAddress(avatar_url);
    this.#slots("avatar", (slot) => {
      slot.replaceChildren([...name][0]?.toUpperCase() ?? "");
      if (!address) return;
      const image = new Image();
      image.alt = "";
      image.referrerPolicy = "no-referrer";
      image.onload = () => slot.append(image);
      image.src = address;
    });
  }

  /** Shows the time left, each second, while somebody can see it. */
  #tick() {
    clearTimeout(this.#timer);
    const { deadline } = this.#shown;
    if (deadline === undefined || document.hidden) return;
    const left = Math.max(0, deadline - performance.now() / 1000);
    const whole = Math.ceil(left);
    const text = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
    this.#slots("time-left", (slot) => (slot.textContent = text));
    if (left > 0) this.#timer = setTimeout(() => this.#tick(), (left - whole + 1) * 1000 + 5);
  }
}

if (!customElements.get("qr-login")) customElements.define("qr-login", QRLoginElement);
