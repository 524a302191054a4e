import { serveLanguagePeer } from "./languagePeer.ts";

await serveLanguagePeer(JSON.parse(process.argv[2] ?? "{}"));
