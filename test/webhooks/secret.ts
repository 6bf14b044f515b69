// The secret of the tests' endpoints.

export const secret: string = `whsec_${Buffer.from("a secret of thirty-two bytes, ok").toString("base64")}`;
