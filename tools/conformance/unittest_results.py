"""Runs the unittest suite in a folder and writes what became of each test to a file, one JSON object a line."""
import json
import signal
import sys
import unittest

folder, file = sys.argv[1:3]
patience_s = 30


def give_up(_signal, _frame):
    raise TimeoutError(f"the test has not ended within {patience_s} s")


# Some tests wait for what never comes when they fail. Windows has no such clock.
if hasattr(signal, "setitimer"):
    signal.signal(signal.SIGALRM, give_up)


def wait_at_most(seconds):
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


suite = unittest.defaultTestLoader.discover(folder)

with open(file, "w", encoding="utf-8") as results:

    def write(test, outcome):
        results.write(json.dumps({"name": test.id(), "outcome": outcome}) + "\n")
        results.flush()

    def tests_of(found):
        for each in found:
            if isinstance(each, unittest.TestSuite):
                yield from tests_of(each)
            else:
                yield each

    class Results(unittest.TextTestResult):
        """A test that has a failed subtest has failed."""

        def startTest(self, test):
            super().startTest(test)
            wait_at_most(patience_s)
            self.troubles = len(self.failures) + len(self.errors)

        def addSkip(self, test, reason):
            super().addSkip(test, reason)
            self.skipped_now = test

        def stopTest(self, test):
            super().stopTest(test)
            wait_at_most(0)
            has_failed = len(self.failures) + len(self.errors) > self.troubles
            was_skipped = getattr(self, "skipped_now", None) is test
            write(test, "failed" if has_failed else "skipped" if was_skipped else "passed")

    # Whatever does not come to its end counts as failed.
    for test in tests_of(suite):
        write(test, "failed")
    unittest.TextTestRunner(resultclass=Results, verbosity=0).run(suite)
