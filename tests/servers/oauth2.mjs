// An authorization server on loopback, with HTTPS and a private authority. Environment: KEY, CERT, SECRET.
// Prints its port; ends when its standard input does.
import fs from "node:fs";
import https from "node:https";
import { OAuth2Issuer, OAuth2Service } from "oauth2-mock-server";

const issuer = new OAuth2Issuer();
await issuer.keys.generate("RS256");
const service = new OAuth2Service(issuer);
service.on("beforeTokenSigning", (token, request) => {
  token.payload.seen = { body: Object.keys(request.body ?? {}).sort(), header: (request.headers.authorization ?? "").split(" ")[0] };
  token.payload.scope = request.body?.scope;
  token.payload.jti = String(Math.random());
});
service.on("beforeResponse", (response, request) => {
  const [, pair] = (request.headers.authorization ?? " ").split(" ");
  const [, inHeader] = Buffer.from(pair, "base64").toString().split(":");
  const secret = request.body?.client_secret ?? inHeader;
  const asserted = request.body?.client_assertion?.split(".").length === 3;
  if (secret !== process.env.SECRET && !asserted) {
    response.statusCode = 401;
    response.body = { error: "invalid_client", error_description: "the client is not known" };
  }
});
const files = { key: fs.readFileSync(process.env.KEY), cert: fs.readFileSync(process.env.CERT) };
// Below /contoso-test/v2.0 it is what a directory's authority is to MSAL; at the root a plain token endpoint.
const tenant = "/contoso-test/v2.0";
const server = https.createServer(files, (request, response) => {
  request.url = request.url.replace(tenant, "");
  service.requestHandler(request, response);
});
server.listen(0, "127.0.0.1", () => {
  issuer.url = `https://localhost:${server.address().port}${tenant}`;
  console.log(server.address().port);
});
process.stdin.resume().on("end", () => process.exit(0));
