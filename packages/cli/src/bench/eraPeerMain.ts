import { servePeer } from "./eraPeer.ts";

await servePeer(JSON.parse(process.argv[2] ?? "{}"));
