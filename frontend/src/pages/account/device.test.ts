import { expect, test } from "vitest";
import { deviceName } from "./device.ts";

test("browsers are named with their system", () => {
  expect(deviceName("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36")).toBe("Chrome on Linux");
  expect(deviceName("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Safari/604.1")).toBe("Safari on iPhone");
  expect(deviceName("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/140.0 Safari/537 Edg/140.0")).toBe("Edge on Windows");
});

test("what is no browser is called what it calls itself", () => {
  expect(deviceName("curl/8.9")).toBe("curl/8.9");
  expect(deviceName("")).toBe("An unnamed client");
});
