// What our pages may do, said to the browser: nothing but our own scripts, styles, sockets and frames.
import type { ServerResponse } from "node:http";

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // Positions that components compute are set on elements; React sets them through the CSSOM, which no policy stops.
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  // The second guest is our own page in a frame.
  "frame-src 'self'",
  "frame-ancestors 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "manifest-src 'self'",
  // A text becomes HTML only through the one sanitiser that has a policy of this name.
  "require-trusted-types-for 'script'",
  "trusted-types dompurify",
].join("; ");

/** @param isBuilt Whether the page was built. Vite's own page in development has inline scripts and styles. */
export function setSecurityHeaders(response: ServerResponse, isBuilt: boolean): void {
  response.setHeader("Content-Security-Policy", isBuilt ? policy : "frame-ancestors 'self'; base-uri 'none'");
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Referrer-Policy", "no-referrer");
  response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
  response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
  response.setHeader("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()");
}
