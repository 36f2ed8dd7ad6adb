/**
 * oidc-provider 9.13.3: its device flow (RFC 8628) on Node, in one process, with its memory adapter: for reference only,
 * since nothing is kept and no second process could serve the same people.
 *
 * It never asks a device to slow down. Who approves is logged in once, by /login; after that the session is remembered.
 * `node server.mjs prepare` has nothing to prepare.
 */
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import process from "node:process";
import { Provider } from "oidc-provider";

const { PORT } = process.env;
const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });

function start() {
  const provider = new Provider(`http://127.0.0.1:${PORT}`, {
    clients: [
      {
        client_id: "browser",
        token_endpoint_auth_method: "none",
        grant_types: ["urn:ietf:params:oauth:grant-type:device_code"],
        response_types: [],
        redirect_uris: [],
      },
    ],
    jwks: { keys: [{ ...key, use: "sig" }] },
    cookies: { keys: ["benchmark"] },
    features: {
      devInteractions: { enabled: false },
      deviceFlow: {
        enabled: true,
        userCodeInputSource: (ctx, form) => void (ctx.body = form),
        userCodeConfirmSource: (ctx, form) => void (ctx.body = form),
        successSource: (ctx) => void (ctx.body = "approved"),
      },
    },
    scopes: ["profile"],
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (ctx, interaction) => `/login/${interaction.uid}` },
    async loadExistingGrant(ctx) {
      const { client, session } = ctx.oidc;
      const id = session.grantIdFor(client.clientId);
      if (id) return ctx.oidc.provider.Grant.find(id);
      const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope("profile");
      await grant.save();
      return grant;
    },
  });
  const handler = provider.callback();
  createServer((request, response) => {
    if (request.url === "/") response.end("{}");
    else if (request.url.startsWith("/login/")) {
      provider.interactionFinished(request, response, { login: { accountId: "ann" } });
    } else handler(request, response);
  }).listen(PORT, "127.0.0.1");
}

if (process.argv[2] === "prepare") console.log("{}");
else start();
