// The door of @tidewire/webhooks.
export {};
