/** The phone: which step is shown, and what the buttons do. */
import { PhoneApi } from "./api.js";
import { Camera } from "./camera.js";
import { tokenIn } from "./code_link.js";

const phone = document.querySelector(".phone");
const { prefix, tokenUrl, decodeUrl, maxBytes } = phone.dataset;
const origins = JSON.parse(phone.dataset.origins);
const api = new PhoneApi({ prefix, tokenUrl, decodeUrl });
const part = (name, within = phone) => within.querySelector(`[data-${name}]`);
const camera = new Camera(part("video"));
const file = part("file");

const CONFIRMATIONS = ["tap", "match", "reauth"]; // What this app can ask its owner for.

let step = null;
let person = null;
let request = null; // What the scan answered, and the QR token.
let timer = 0;

function show(name) {
  step = name;
  let section;
  for (const each of phone.querySelectorAll("[data-step]")) {
    each.hidden = each.dataset.step !== name;
    if (!each.hidden) section = each;
  }
  part("holder").hidden = !person;
  say("");
  if (name !== "scan") camera.stop();
  if (name !== "decide") clearInterval(timer);
  section.focus({ preventScroll: true });
}

function end(title, text) {
  part("title").textContent = title;
  part("text").textContent = text;
  show("ended");
}

function say(text) {
  const message = phone.querySelector(`[data-step="${step}"] [data-message]`);
  if (message) message.textContent = text;
}

function choose(button) {
  person = { username: button.dataset.person, password: button.dataset.password };
  part("holder-name").textContent = part("name", button).textContent;
  part("face").src = button.querySelector("img").src;
  show("scan");
}

function read(text) {
  return scan(tokenIn(text, { origins, prefix }));
}

/** Reports what was scanned, and shows who is asking. */
async function scan(token) {
  const holder = person;
  await api.logIn(holder.username, holder.password); // Its token is good for a few minutes only.
  const answer = await api.scan(token);
  if (person !== holder) return; // The phone was given away meanwhile.
  request = { ...answer, token };
  if (request.state === "approved") return show("approved");
  const { site, asking, warnings, confirmation, choices } = request;
  if (!CONFIRMATIONS.includes(confirmation)) throw new Error("This app is too old to answer this code. Update it.");
  part("site").textContent = site;
  part("browser").textContent = asking.browser;
  part("place").textContent = asking.place ?? "";
  part("place-row").hidden = !asking.place;
  part("ip").textContent = asking.ip ?? "";
  part("ip-row").hidden = !asking.ip;
  part("age").textContent = asking.age < 5 ? "just now" : `${asking.age} seconds ago`;
  for (const each of phone.querySelectorAll("[data-warning]")) each.hidden = !warnings.includes(each.dataset.warning);
  for (const each of phone.querySelectorAll("[data-for]")) each.hidden = !each.dataset.for.split(" ").includes(confirmation);
  part("choices").replaceChildren(...choices.map(choiceButton));
  part("typed").value = "";
  part("remember").checked = false;
  show("decide");
  countDown(request.expires_in);
}

function choiceButton(number) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "qrlogin-button", value: number, textContent: number });
  button.dataset.action = "approve";
  return button;
}

function countDown(seconds) {
  const until = performance.now() + seconds * 1000;
  const tick = () => {
    const left = Math.max(0, Math.ceil((until - performance.now()) / 1000));
    part("time-left").textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (!left) end("The time ran out", "Nobody was logged in. To log in, scan the code that the other browser shows now.");
  };
  tick();
  timer = setInterval(tick, 1000);
}

/** What to send with an approval: the number, if one is asked for, of the button or typed. */
async function approval(button) {
  const { token, confirm_token, confirmation } = request;
  const body = { token, confirm_token, remember: part("remember").checked };
  if (confirmation === "reauth") {
    // A real app asks its owner here, for a passkey or a PIN.
    await api.logIn(person.username, person.password);
    return { ...body, number: part("typed").value };
  }
  return confirmation === "match" ? { ...body, number: button.value } : body;
}

async function decide(decision, button) {
  const wasApproved = step === "approved";
  const { token, confirm_token } = request;
  if (decision === "approve" && request.confirmation === "reauth" && !/^\d\d$/.test(part("typed").value)) {
    return say("Type the two digits.");
  }
  try {
    await api.decide(decision, decision === "approve" ? await approval(button) : { token, confirm_token });
  } catch (error) {
    if (!error.code) throw error; // No answer: it may be tried again.
    if (error.code === "step_up_required") return scan(token); // More is asked for by now: it shows what.
    if (error.code === "number_mismatch") return end("The number was wrong", "The other browser was not logged in.");
    if (error.state === "redeemed") return end("Already logged in", "The other browser was faster. If this was a mistake, log out there now.");
    return end("This did not work", error.message);
  }
  if (decision === "approve") return show("approved");
  end(wasApproved ? "Taken back" : "Denied", "The other browser was not logged in.");
}

/** Looks for a code in a picture; false if there is none. */
async function look(picture) {
  const [text] = await api.decode(picture);
  if (text === undefined) return false;
  await read(text);
  return true;
}

async function readPicture(picture) {
  say("");
  if (!picture.type.startsWith("image/")) throw new Error("This is not a picture.");
  if (picture.size > Number(maxBytes)) throw new Error("This picture is too large.");
  if (!(await look(picture))) throw new Error("There is no QR code in this picture.");
}

async function useCamera() {
  const showing = (on) => {
    part("video").hidden = part("action=stop").hidden = !on;
    part("ways").hidden = part("link").hidden = on;
  };
  say("");
  showing(true);
  try {
    await camera.run(look);
  } catch (error) {
    throw error instanceof DOMException ? new Error("The camera cannot be used. Allow it, or choose a picture.") : error;
  } finally {
    showing(false);
  }
}

const actions = {
  leave() {
    person = null;
    api.logOut();
    show("choose");
  },
  camera: useCamera,
  stop: () => camera.stop(),
  approve: (button) => decide("approve", button),
  deny: () => decide("deny"),
  again: () => show("scan"),
};

/** Does one thing at a time, and says what went wrong. */
let busy = false;
async function attempt(work) {
  if (busy) return;
  busy = true;
  phone.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    say(error.message);
  } finally {
    busy = false;
    phone.removeAttribute("aria-busy");
  }
}

phone.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  const action = button?.dataset.action;
  if (button?.dataset.person) choose(button);
  else if (action === "stop" || action === "leave") actions[action](); // These end what is under way.
  else if (action) attempt(() => actions[action](button));
});

part("link").addEventListener("submit", (event) => {
  event.preventDefault();
  const { link } = event.target.elements;
  attempt(async () => {
    say("");
    await read(link.value);
    link.value = "";
  });
});

file.addEventListener("change", () => {
  const [picture] = file.files;
  file.value = ""; // So that the same file can be chosen again.
  if (picture) attempt(() => readPicture(picture));
});

function take(event, data) {
  if (step !== "scan") return;
  const [picture] = data?.files ?? [];
  const text = data?.getData("text") ?? "";
  if (picture) attempt(() => readPicture(picture));
  else if (text && !event.target.closest?.("input")) attempt(() => read(text));
  else return;
  event.preventDefault();
}
document.addEventListener("paste", (event) => take(event, event.clipboardData));
document.addEventListener("drop", (event) => take(event, event.dataTransfer));
for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(type, (event) => {
    if (step !== "scan") return;
    event.preventDefault(); // Without it, the browser opens the picture in place of this page.
    part("finder").classList.toggle("over", type === "dragenter" || type === "dragover");
  });
}

if (!Camera.isAvailable) {
  part("action=camera").hidden = true;
  part("no-camera").hidden = false;
}
show("choose");
