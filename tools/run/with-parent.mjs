// Preloaded into the server: ends it when the script that started it is gone, killed in a way it could not pass on.
import { isMainThread } from "node:worker_threads";

const parentCheckMs = 500;

if (isMainThread) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, parentCheckMs);
  timer.unref();
}
