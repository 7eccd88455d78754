/**
 * A small Python module in the environment's packages that says, over a file only this run knows, what really ran: processes that start and end in the ordinary way, and every test
 * with its outcome, as the runner's own objects report it. Text that a program prints is no such evidence.
 */

import { PYTHON_RUNNERS, type TestRunner } from './runner-hooks.ts';

export interface EvidenceOptions {
  runner: TestRunner;
  /** Opens every line. */
  secret: string;
  /** The file the lines go to. */
  path: string;
  /** Where the code under test lies. */
  workdir: string;
  /** Modules of tests, absolute: reading them is the runner's business, not that of the code under test. */
  testModules: readonly string[];
}

/** The module's text; Python 2.7 and later can read it. */
export function evidenceModule({ runner, secret, path, workdir, testModules }: EvidenceOptions): string {
  return `"""PYTEST_DONT_REWRITE"""
import atexit, os, sys
_write_to, _secret = ${JSON.stringify(path)}, ${JSON.stringify(secret)}
_workdir, _tests = ${JSON.stringify(`${workdir}/`)}, set(${JSON.stringify(testModules)})
_open, _write, _close, _getpid = os.open, os.write, os.close, os.getpid
_flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
_packages = os.path.dirname(os.path.abspath(__file__))


def _say(*words):
    line = " ".join([_secret, str(_getpid())] + [str(word).replace("\\n", " ") for word in words]) + "\\n"
    try:
        handle = _open(_write_to, _flags, 0o600)
        _write(handle, line.encode("utf-8", "backslashreplace"))
        _close(handle)
    except OSError:
        pass


_started_in = _getpid()
_say("start")
_owners, _before = {}, {}


def _key_functions():
    found = {}
    for owner, thing in _owners.items():
        for name, value in list(vars(thing).items()):
            value = getattr(value, "__func__", value)
            if callable(value) and not name.startswith("__"):
                found[owner + "." + name] = (value, getattr(value, "__code__", None))
    return found


def _watch_functions(**owners):
    _owners.update(owners, builtins=sys.modules["builtins"])
    _before.update(_key_functions())


def _say_changes():
    for name, value in _key_functions().items():
        if name in _before and _before[name] != value:
            _say("changed", name)


@atexit.register
def _end():
    if _getpid() == _started_in:
        if ${PYTHON_RUNNERS[runner].endsWithProcess}:
            _say_changes()
        _say("end")


def _is_test(path):
    return path in _tests or "/tests/" in path or "/testing/" in path


def _reader(depth):
    # the file of the code under test on whose behalf something happens; None when it is a test or a runner
    frame = sys._getframe(depth)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(_workdir):
            return None if _is_test(name) else name
        if name.startswith(_packages) or name.startswith("<frozen importlib"):
            return None
        if os.path.basename(name) in ("traceback.py", "warnings.py"):
            return None  # lines of the test are shown, not read
        frame = frame.f_back


def _words(value):
    if isinstance(value, (list, tuple)):
        return " ".join(_words(one) for one in value)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _watch_reading():
    names = set(os.path.basename(path) for path in _tests)

    def watch(event, arguments):
        if event == "open":
            path = _words(arguments[0]) if arguments else ""
            if os.path.basename(path) not in names or os.path.realpath(path) not in _tests:
                return
        elif event in ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec"):
            words = _words(arguments[1] if event == "subprocess.Popen" else arguments)
            if not any(name in words for name in names):
                return
        else:
            return
        reader = _reader(2)
        if reader is not None:
            _say("read", reader)

    if hasattr(sys, "addaudithook") and _tests:
        sys.addaudithook(watch)


${PYTHON_RUNNERS[runner].hooks}`;
}
