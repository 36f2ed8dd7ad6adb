/**
 * <qr-login requests-url="…" next="…" login-hint="…" renewals="5">: shows what the client tells. It makes no HTTP
 * request and holds no text: the server renders all, and this shows the right section and fills its slots.
 * In our dialog it begins when that is opened.
 *
 * Each state, see client.js, is a bubbling event `qr-login-STATE`. Preventing the default of `qr-login-redeemed`
 * keeps the page from moving on to `event.detail.location`.
 */
import { LoginClient } from "./client.js";

/** The address, also a relative one: of the web or of an app, but never a script or a file. */
function address(text) {
  const link = document.createElement("a");
  link.href = text ?? "";
  return text && !/^(javascript|data|vbscript|blob|file):/i.test(link.href) ? link.href : "";
}

/** Builds the picture shape by shape, since innerHTML is closed under Trusted Types. */
function picture(text) {
  const [svg, ...shapes] = Array.from(text.matchAll(/<(svg|rect|path)([^>]*)>/g), ([, tag, attributes]) => {
    const shape = document.createElementNS("http://www.w3.org/2000/svg", tag);
    const known = / (viewBox|x|y|width|height|d|fill|shape-rendering)="([^"(]*)"/g;
    for (const [, name, value] of attributes.matchAll(known)) shape.setAttribute(name, value);
    return shape;
  });
  svg.append(...shapes);
  return svg;
}

export class QRLoginElement extends HTMLElement {
  #client = null;
  #listening = null;
  #shown = {};
  #typedCode = "";
  #timer = 0;

  connectedCallback() {
    if (this.#client) return; // Only moved within the page.
    try {
      this.#connect();
    } catch (error) {
      console.error(error);
      this.setAttribute("state", "failed"); // Which shows the form without JavaScript.
    }
  }

  #connect() {
    const renewals = Number(this.getAttribute("renewals") ?? 5);
    const client = (this.#client = new LoginClient({
      requestsUrl: this.getAttribute("requests-url"),
      renewals,
      // Read at each start: a page may set them when somebody has typed a name.
      fields: () => ({ next: this.getAttribute("next") || null, login_hint: this.getAttribute("login-hint") || null }),
      show: (detail) => this.#show(detail),
    }));
    const { signal } = (this.#listening = new AbortController());
    const on = (target, type, listener) => target.addEventListener(type, listener, { signal });
    const dialog = this.closest(".qrlogin-dialog");
    // In browsers without dialogs the link stays, which is in the place of the button.
    if (dialog?.showModal) for (const each of dialog.parentNode.children) each.hidden = each.matches("a");
    on(dialog?.parentNode ?? this, "click", ({ target }) => this.#act(target, dialog));
    on(document, "visibilitychange", () => client.pause(document.hidden));
    for (const change of ["online", "offline"]) on(window, change, () => client.retry());
    client.pause(document.hidden);
    if (dialog) on(dialog, "close", () => client.cancel());
    else if (renewals > 0) client.start();
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

  #act(target, dialog) {
    const action = target.closest("[data-action]")?.dataset.action;
    if (action === "start") {
      dialog?.showModal();
      this.start();
    } else if (action === "cancel") {
      if (dialog) dialog.close();
      else this.cancel();
    } else if (action === "retry") {
      this.#client.retry(true);
    }
  }

  #show(detail) {
    const before = this.#shown;
    this.#shown = detail;
    const { state, qr, number, profile } = detail;
    const location = address(detail.location);
    const appLink = address(qr?.app_link);
    this.setAttribute("state", state);
    if (qr && qr.svg !== before.qr?.svg) this.#slots("qr", (slot) => slot.replaceChildren(picture(qr.svg)));
    if (profile && !before.profile) this.#scanner(profile);
    this.#type(detail.user_code?.text);
    if (detail.title) this.#set("title", { textContent: detail.title });
    this.#set("detail", { textContent: detail.detail ?? "", hidden: !detail.detail });
    this.#set("number", { textContent: number ?? "" });
    this.#set("numbered", { hidden: !number });
    this.#set("unnumbered", { hidden: !!number });
    this.#slots("reason", (slot) => (slot.hidden = slot.dataset.reason !== (detail.reason ?? "")));
    this.#set("location", { href: location });
    this.#set("app-link", { href: appLink, hidden: !appLink });
    if (state !== before.state || number !== before.number) this.#turn(state);
    this.#tick();
    if (state === before.state && detail.id === before.id) return;
    const event = new CustomEvent(`qr-login-${state}`, { bubbles: true, cancelable: state === "redeemed", detail });
    if (this.dispatchEvent(event) && state === "redeemed") window.location.assign(location);
  }

  /** Shows the section of the state, says it to screen readers, and keeps the focus in the panel. */
  #turn(state) {
    const section = this.querySelector(`[data-state~="${state}"]`);
    const focused = this.querySelector("[data-state]:focus-within");
    this.#slots("state", (each) => (each.hidden = each !== section));
    if (!section) return; // A template of the host may have left it out.
    if (focused && focused !== section) section.focus({ preventScroll: true });
    if (state === "starting") return; // Too short to be worth hearing.
    const said = Array.from(section.querySelectorAll("[data-say]"), (each) => each.innerText).join("\n");
    this.#slots("status", (slot) => slot.innerText !== said && (slot.innerText = said));
  }

  #slots(name, fill) {
    this.querySelectorAll(`[data-${name}]`).forEach(fill);
  }

  #set(name, properties) {
    this.#slots(name, (slot) => Object.assign(slot, properties));
  }

  /** Shows the code to type, spaced, so that it is read letter by letter, and says when it is another one. */
  #type(code) {
    if (!code || code === this.#typedCode) return;
    this.#set("changed", { hidden: !this.#typedCode });
    this.#set("user-code", { textContent: [...code].join(" ") });
    this.#typedCode = code;
  }

  /** The picture lies over the first letter of the name, which is seen where it does not load. */
  #scanner({ name, avatar_url }) {
    this.#set("name", { textContent: name });
    this.#slots("avatar", (slot) => {
      slot.replaceChildren([...name][0]?.toUpperCase() ?? "");
      const src = address(avatar_url);
      if (src) slot.append(Object.assign(new Image(), { alt: "", referrerPolicy: "no-referrer", src }));
    });
  }

  /** Shows the time left, each second. */
  #tick() {
    clearTimeout(this.#timer);
    const left = (this.#shown.deadline ?? 0) - performance.now() / 1000;
    const whole = Math.max(0, Math.ceil(left));
    const text = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
    this.#set("time-left", { textContent: text });
    if (left > 0) this.#timer = setTimeout(() => this.#tick(), (left % 1) * 1000 + 5);
  }
}

if (!customElements.get("qr-login")) customElements.define("qr-login", QRLoginElement);
