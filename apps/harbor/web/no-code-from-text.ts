// Comes before everything else: our policy lets nothing turn a text into code, and zod would try that, to be faster.
import { config } from "zod";

config({ jitless: true });
