export { backUp, restore, type Backup, type BackupOptions } from "./backup/backup.ts";
export { runChecks, type Checked } from "./checks/checks.ts";
export { lookAt } from "./actions/drivers/check.ts";
export { ServerError, type ServerErrorCode } from "./error.ts";
export { start, type Content, type Running, type StartOptions } from "./start.ts";
