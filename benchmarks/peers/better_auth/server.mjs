/**
 * better-auth 1.7.25: its device authorization plugin (RFC 8628) on Node with SQLite, in two processes.
 *
 * As its documentation has it: better-sqlite3, which it recommends, its own migrations, its handler for Node. SQLite is
 * in WAL mode. Its rate limits are off, since all the load comes from one address. Each of its polls writes the time of
 * the poll; INTERVAL=0s is its own option for how soon the next may follow, "5s" its default.
 *
 * `node server.mjs prepare` makes a fresh database, and prints what the load program has to know.
 */
import cluster from "node:cluster";
import { createServer } from "node:http";
import process from "node:process";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { deviceAuthorization } from "better-auth/plugins/device-authorization";
import Database from "better-sqlite3";

const { DATA, PORT, INTERVAL } = process.env;

function makeAuth() {
  const database = new Database(`${DATA}/db.sqlite3`);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = NORMAL");
  return betterAuth({
    database,
    baseURL: `http://127.0.0.1:${PORT}`,
    secret: "benchmark".repeat(8),
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    plugins: [
      deviceAuthorization({
        verificationUri: "/device",
        interval: INTERVAL,
        validateClient: (id) => id === "browser",
      }),
    ],
  });
}

if (process.argv[2] === "prepare") {
  const auth = makeAuth();
  await (await getMigrations(auth.options)).runMigrations();
  const body = { name: "Ann", email: "ann@example.com", password: "benchmark benchmark" };
  const answer = await auth.api.signUpEmail({ body, asResponse: true });
  const cookie = answer.headers.getSetCookie().map((text) => text.split(";")[0]);
  console.log(JSON.stringify({ cookie: cookie.join("; ") }));
} else if (cluster.isPrimary) {
  cluster.fork();
  cluster.fork();
} else {
  const handler = toNodeHandler(makeAuth());
  createServer((request, response) => {
    if (request.url === "/") response.end("{}");
    else handler(request, response);
  }).listen(PORT, "127.0.0.1");
}
