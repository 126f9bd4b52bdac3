export { backUp, restore, type Backup, type BackupOptions } from "./backup/backup.ts";
export { askClouds, type Answered } from "./clouds/clouds.ts";
export { lookAt } from "./actions/drivers/check.ts";
export { describeApi } from "./api/openapi.ts";
export { ServerError, type ServerErrorCode } from "./error.ts";
export { start, type Content, type Running, type StartOptions } from "./start.ts";
