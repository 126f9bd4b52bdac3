import { existsSync } from "node:fs";
import { homedir } from "node:os";

/** Where models usually lie on a host, besides a person's home: data disks, caches of model servers, scratch space. */
const usual = [
  "/home",
  "/srv",
  "/data",
  "/models",
  "/mnt",
  "/media",
  "/workspace",
  "/scratch",
  "/opt",
  "/var/lib",
  "/var/tmp",
  "/tmp",
  "/dev/shm",
  "/usr/share/ollama",
  "/Users/Shared",
];

/** What the start-up scan reads when nobody says: this person's home and the usual model folders that are there. */
export function usualRoots(): string[] {
  return [homedir(), ...usual].filter((it) => existsSync(it));
}
