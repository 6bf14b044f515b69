// A chat in the terminal that comes back with jitter after a cut, misses nothing and repeats nothing.
import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

final class Chat {
    private static final String CHANNEL = "public:lobby";
    private static final Gson GSON = new Gson();
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private JsonObject position = new JsonObject(); // of the newest line that was shown
    private String unsaid; // the line that the server has not confirmed yet, as a command
    private CompletableFuture<Void> confirmed;
    private WebSocket socket; // while subscribed
    private int attempts;

    /** One connection: what it hears waits in a queue for the thread that talks. */
    private static final class Ear implements WebSocket.Listener {
        final LinkedBlockingQueue<String> heard = new LinkedBlockingQueue<>();
        private final StringBuilder frame = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean isLast) {
            frame.append(part);
            if (isLast) {
                frame.toString().lines().forEach(heard::add);
                frame.setLength(0);
            }
            socket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            // 1009: the line was too long; from 3500 and 4500 on: not welcome. Coming back would change nothing.
            if (code == 1009 || code % 1000 >= 500) fail(reason);
            heard.add("");
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            heard.add("");
        }
    }

    /** Returns when the line is cut or dead. */
    private void talk(URI url) throws InterruptedException {
        var ear = new Ear();
        var opened = HTTP.newWebSocketBuilder().connectTimeout(Duration.ofSeconds(35)).buildAsync(url, ear).join();
        try {
            var subscribe = position.deepCopy();
            subscribe.addProperty("channel", CHANNEL);
            subscribe.addProperty("recover", position.has("epoch"));
            send(opened, "{\"id\":1,\"connect\":{}}\n" + GSON.toJson(Map.of("id", 2, "subscribe", subscribe)));
            // The server pings every 25 seconds: after 35 of silence the line is dead.
            for (String line; (line = ear.heard.poll(35, TimeUnit.SECONDS)) != null && !line.isEmpty(); ) {
                if (!take(JsonParser.parseString(line).getAsJsonObject(), opened)) return;
            }
        } finally {
            opened.abort();
            use(null);
        }
    }

    /** @return false when it is time to come back */
    private boolean take(JsonObject reply, WebSocket opened) {
        var push = reply.getAsJsonObject("push");
        if (reply.has("error")) {
            var error = reply.getAsJsonObject("error");
            if (error.has("temporary")) return false;
            fail(error.get("message").getAsString());
        } else if (reply.has("subscribe")) {
            var subscribed = reply.getAsJsonObject("subscribe");
            if (position.has("epoch") && !subscribed.has("recovered")) System.err.println("some lines were lost");
            for (var each : new String[] {"epoch", "offset"}) position.add(each, subscribed.get(each));
            attempts = 0;
            use(opened);
        } else if (reply.has("rpc")) {
            unsaid = null;
            confirmed.complete(null);
        } else if (push != null && push.has("pub")) {
            var publication = push.getAsJsonObject("pub");
            position.add("offset", publication.get("offset"));
            if (publication.get("data") instanceof JsonObject line && line.has("name") && line.has("text")) {
                System.out.println(line.get("name").getAsString() + ": " + line.get("text").getAsString());
            }
        } else if (reply.size() == 0) {
            send(opened, "{}"); // the answer to a ping
        }
        return push == null || !push.has("unsubscribe");
    }

    private synchronized void use(WebSocket socket) {
        this.socket = socket;
        if (socket != null && unsaid != null) send(socket, unsaid);
    }

    private synchronized CompletableFuture<Void> say(String command) {
        unsaid = command;
        confirmed = new CompletableFuture<>();
        if (socket != null) send(socket, unsaid);
        return confirmed;
    }

    /** A socket takes one text after the other. */
    private synchronized void send(WebSocket socket, String text) {
        try {
            socket.sendText(text, true).join();
        } catch (CompletionException closed) {
            // The reader is told too, and comes back.
        }
    }

    private void read(String name) {
        new BufferedReader(new InputStreamReader(System.in)).lines().forEach(text -> {
            var line = Map.of("name", name, "text", text);
            // The key stays when the line is said again after a cut, so that nobody hears it twice.
            var data = Map.of("channel", CHANNEL, "data", line, "key", UUID.randomUUID());
            say(GSON.toJson(Map.of("id", 3, "rpc", Map.of("method", "tide.publish", "data", data)))).join();
        });
    }

    private static void fail(String why) {
        System.err.println(why);
        System.exit(1);
    }

    public static void main(String[] args) throws InterruptedException {
        var chat = new Chat();
        var reader = new Thread(() -> chat.read(args[1]));
        reader.setDaemon(true);
        reader.start();
        for (;; chat.attempts++) {
            try {
                chat.talk(URI.create(args[0]));
            } catch (CompletionException unreachable) {
                // It is tried again.
            }
            Thread.sleep(ThreadLocalRandom.current().nextLong(Math.min(20_000, 500L << Math.min(chat.attempts, 6))));
        }
    }
}
