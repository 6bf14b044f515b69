// A chat in the terminal that comes back with jitter after a cut.
import java.io.*;
import java.net.URI;
import java.net.http.*;
import java.nio.ByteBuffer;
import java.time.*;
import java.util.concurrent.*;

final class Chat implements WebSocket.Listener {
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final Duration SILENCE = Duration.ofSeconds(35); // the server pings every 25: then the line is dead
    private final StringBuilder frame = new StringBuilder();
    private volatile Instant dead = Instant.now().plus(SILENCE);

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean isLast) {
        frame.append(part);
        if (isLast) System.out.println(frame);
        if (isLast) frame.setLength(0);
        return onPing(socket, null);
    }

    @Override
    public CompletionStage<?> onPing(WebSocket socket, ByteBuffer nothing) {
        dead = Instant.now().plus(SILENCE);
        return WebSocket.Listener.super.onPing(socket, nothing);
    }

    @Override
    public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
        System.err.println(reason);
        // 1009: the line was too long; 4400, 4403 and from 4500 on: not welcome. Coming back would change nothing.
        if (code == 1009 || code == 4400 || code == 4403 || code >= 4500) System.exit(1);
        dead = Instant.MIN;
        return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
        dead = Instant.MIN;
    }

    public static void main(String[] args) throws InterruptedException {
        var typed = new LinkedBlockingQueue<String>();
        var in = new BufferedReader(new InputStreamReader(System.in));
        new Thread(() -> in.lines().forEach(text -> typed.add(args[1] + ": " + text))).start();
        for (int attempts = 0; ; attempts++) {
            try {
                var ear = new Chat();
                var socket = HTTP.newWebSocketBuilder().buildAsync(URI.create(args[0]), ear).get(35, TimeUnit.SECONDS);
                for (attempts = 0; Instant.now().isBefore(ear.dead); ) {
                    var text = typed.poll(50, TimeUnit.MILLISECONDS);
                    if (text != null) socket.sendText(text, true).join();
                }
                socket.abort();
            } catch (ExecutionException | CompletionException | TimeoutException cut) {} // it is tried again
            Thread.sleep(ThreadLocalRandom.current().nextLong(Math.min(20_000, 500L << Math.min(attempts, 6))));
        }
    }
}
