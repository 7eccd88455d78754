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


def _watch_reading():
    def watch(event, arguments):
        if event != "open" or not arguments or str(arguments[0]) not in _tests:
            return
        frame = sys._getframe(1)
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(_workdir):
                if name not in _tests and "/tests/" not in name and "/testing/" not in name:
                    _say("read", name)
                return
            if name.startswith(_packages) or name.startswith("<frozen importlib"):
                return
            if os.path.basename(name) in ("traceback.py", "warnings.py"):
                return  # lines of the test are shown, not read
            frame = frame.f_back

    if hasattr(sys, "addaudithook") and _tests:
        sys.addaudithook(watch)


${PYTHON_RUNNERS[runner].hooks}`;
}
