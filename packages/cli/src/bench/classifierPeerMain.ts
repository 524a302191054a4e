import { serveClassifierPeer } from "./classifierPeer.ts";

await serveClassifierPeer(JSON.parse(process.argv[2] ?? "{}"));
