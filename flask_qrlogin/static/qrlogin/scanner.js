/**
 * <qr-scanner base-url="https://HOST" prefix="/qrlogin/s/">: finds a login code of this site in what the camera sees,
 * or in a picture, and opens its page, which asks. No picture leaves the browser. It holds no text: the server renders
 * a sentence for each case, `[data-said]`, and this puts the right one into `[data-status]`.
 *
 * Its attribute `state` is off, starting, scanning, reading or found.
 */
const PAUSE = 150; // Milliseconds between two looks, so that a phone stays cool.
const CAMERA_SIDE = 1280; // Pixels of the longer side that are looked at.
const PICTURE_SIDES = [1600, 800, 4000]; // A blurred code is read best when it is small; one far away, large.
const UNLOADED = "unloaded"; // Thrown where the reader of codes did not come.
const TOKEN = /^[\w-]{38}$/;
const CAUSES = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

/** The sentence for what went wrong: `told` is for what the browser says, and a fault of ours is told as one. */
function sentence(error, told) {
  if (error === UNLOADED) return "unloaded";
  if (error instanceof DOMException) return told;
  console.error(error);
  return "broken";
}

const canvas = document.createElement("canvas");
const context = canvas.getContext("2d", { willReadFrequently: true });
let detector = null;

function notLoaded(error) {
  throw error instanceof TypeError ? UNLOADED : error;
}

/** The browser's own reader of codes where it has one; else one that is loaded only now. */
async function load(own = globalThis.BarcodeDetector) {
  const formats = await own?.getSupportedFormats().catch(() => []);
  const isOwn = formats?.includes("qr_code");
  const { BarcodeDetector } = isOwn ? globalThis : await import("./vendor/qr-0.7.0/decode.js").catch(notLoaded);
  detector = new BarcodeDetector({ formats: ["qr_code"] });
  detector.isOwn = isOwn;
}

/** The texts of the codes in a picture, of which the longer side is made `side` pixels, if it is longer. */
async function read(source, width, height, side) {
  const scale = Math.min(1, side / Math.max(width, height));
  canvas.width = Math.max(1, width * scale);
  canvas.height = Math.max(1, height * scale);
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  const picture = context.getImageData(0, 0, canvas.width, canvas.height);
  try {
    return (await detector.detect(picture)).map(({ rawValue }) => rawValue);
  } catch (error) {
    if (!detector.isOwn) throw error;
    await load(null); // Some browsers have one that does not work, for want of a part of the system.
    return read(source, width, height, side);
  }
}

/** The URL that a text is, if it is one. */
function place(text) {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

class QRScannerElement extends HTMLElement {
  #run = null; // What is under way; a later one, or a stop, takes its place.
  #listening = null;

  connectedCallback() {
    const { signal } = (this.#listening = new AbortController());
    const on = (target, type, listener) => target.addEventListener(type, listener, { signal });
    on(this, "click", ({ target }) => {
      const { action } = target.closest("[data-action]")?.dataset ?? {};
      if (action === "start") this.#watch();
      else if (action === "stop") this.#end("stopped");
    });
    on(this, "change", ({ target }) => {
      const [file] = target.files ?? [];
      target.value = ""; // The same one may be chosen again.
      if (file) this.#open(file);
    });
    on(document, "visibilitychange", () => document.hidden && this.#isWatching && this.#end("stopped"));
    on(window, "pagehide", () => this.#end("ready")); // Also for whoever comes back to it.
    this.#end("ready");
  }

  disconnectedCallback() {
    this.#end("ready");
    this.#listening.abort();
  }

  get #video() {
    return this.querySelector("video");
  }

  get #isWatching() {
    return ["starting", "scanning"].includes(this.getAttribute("state"));
  }

  async #watch() {
    const isOver = this.#begin("starting");
    if (!navigator.mediaDevices?.getUserMedia) return this.#end(isSecureContext ? "unsupported" : "insecure");
    const video = this.#video;
    let tracks = [];
    try {
      const wanted = { facingMode: "environment", width: { ideal: CAMERA_SIDE } };
      const stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
      tracks = stream.getTracks();
      if (isOver()) return;
      tracks.forEach((track) => (track.onended = () => isOver() || this.#end("stopped")));
      video.srcObject = stream;
      await video.play();
      await load();
      if (!isOver()) this.#show("scanning");
      while (!isOver()) {
        const texts = await read(video, video.videoWidth, video.videoHeight, CAMERA_SIDE);
        if (isOver() || this.#found(texts)) return;
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    } catch (error) {
      if (!isOver()) this.#end(sentence(error, CAUSES[error.name] ?? "failed"));
    } finally {
      tracks.forEach((track) => track.stop());
    }
  }

  async #open(file) {
    const isOver = this.#begin("reading");
    try {
      await load();
      const picture = await createImageBitmap(file);
      const { width, height } = picture;
      let seen = false;
      // Not twice as large as it is.
      for (const side of new Set(PICTURE_SIDES.map((side) => Math.min(side, Math.max(width, height))))) {
        const texts = await read(picture, width, height, side);
        if (isOver() || this.#found(texts)) return;
        seen ||= texts.length > 0;
      }
      this.#end(seen ? "foreign" : "nothing");
    } catch (error) {
      if (!isOver()) this.#end(sentence(error, "unreadable"));
    }
  }

  /** Opens the page of the first code that is ours, and tells whether there was one. */
  #found(texts) {
    const path = texts.map((text) => this.#path(text.trim())).find(Boolean);
    if (path) {
      this.#end("found", "found");
      location.assign(path);
    } else if (texts.length) this.#say("foreign");
    return Boolean(path);
  }

  /** Where a code leads, on this very site, whatever else stands in it; null for the code of another. */
  #path(text) {
    const prefix = this.getAttribute("prefix");
    if (TOKEN.test(text)) return prefix + text; // The hook `qr_payload` may leave out the rest.
    const { origin, pathname } = place(text) ?? {};
    const isHere = [location.origin, new URL(this.getAttribute("base-url")).origin].includes(origin);
    const token = isHere && pathname.startsWith(prefix) ? pathname.slice(prefix.length) : "";
    return TOKEN.test(token) ? prefix + token : null;
  }

  /** Ends what is under way; returns what tells whether something else has taken the place of this. */
  #begin(state) {
    const run = (this.#run = {});
    this.#video.srcObject = null;
    this.#show(state);
    return () => this.#run !== run;
  }

  #end(sentence, state = "off") {
    this.#begin(state);
    this.#say(sentence);
  }

  #show(state) {
    const isFocused = this.contains(document.activeElement?.closest("[data-action]") ?? null);
    this.setAttribute("state", state);
    const shown = this.#isWatching ? "stop" : "start";
    for (const button of this.querySelectorAll("[data-action]")) {
      button.hidden = button.dataset.action !== shown;
      if (isFocused && !button.hidden) button.focus({ preventScroll: true });
    }
    this.#say(state);
  }

  #say(name) {
    const sentence = this.querySelector(`[data-said="${name}"]`);
    const status = this.querySelector("[data-status]");
    if (!sentence || status.dataset.name === name) return;
    status.dataset.name = name; // Announced once, however often it is seen.
    status.replaceChildren(...sentence.cloneNode(true).childNodes);
  }
}

if (!customElements.get("qr-scanner")) customElements.define("qr-scanner", QRScannerElement);
