/** Python text, by runner, that has each test report its outcome to the evidence module it is part of, and that names the functions nothing may replace while tests run. */

/** In the environment's packages. */
export const EVIDENCE_NAME = 'assay_evidence';

/** What runs the tests: pytest, unittest below Django's runner, or sympy's own. */
export type TestRunner = 'pytest' | 'unittest' | 'sympy';

const PYTEST_HOOKS = `
if "ASSAY_EVIDENCE" not in os.environ and "PYTEST_PLUGINS" not in os.environ:
    os.environ["PYTEST_PLUGINS"] = "${EVIDENCE_NAME}"


def pytest_configure(config):
    import unittest.case
    import _pytest.python, _pytest.reports, _pytest.runner
    os.environ["ASSAY_EVIDENCE"] = "1"
    if os.environ.get("PYTEST_PLUGINS") == "${EVIDENCE_NAME}":
        del os.environ["PYTEST_PLUGINS"]
    if not _before:
        _watch_functions(
            Function=_pytest.python.Function,
            TestReport=_pytest.reports.TestReport,
            CallInfo=_pytest.runner.CallInfo,
            runner=_pytest.runner,
            python=_pytest.python,
            TestCase=unittest.case.TestCase,
        )
        _watch_reading()


_codes = {}


def _hook_files(config):
    # the source file of every function that takes part in running and reporting tests
    found = set()
    for name in dir(config.hook):
        if name.startswith("pytest_"):
            caller = getattr(config.hook, name)
            # old versions do not tell
            for one in caller.get_hookimpls() if hasattr(caller, "get_hookimpls") else ():
                code = getattr(getattr(one.function, "__func__", one.function), "__code__", None)
                path = os.path.realpath(getattr(code, "co_filename", ""))
                if path.startswith(_workdir) and os.path.basename(path) != "conftest.py" and not _is_test(path):
                    found.add(path)
    return found


def pytest_collection_finish(session):
    for item in session.items:
        function = getattr(item, "function", None)
        if getattr(function, "__code__", None) is not None:
            _codes[item.nodeid] = (function, function.__code__)


def pytest_runtest_makereport(item, call):
    function, code = _codes.get(item.nodeid, (None, None))
    if function is not None and function.__code__ is not code:
        _say("changed", "the code of " + item.nodeid)
    if call.excinfo is not None and call.excinfo.typename == "XFailed":
        for entry in reversed(list(call.excinfo.traceback)):
            path = str(entry.path)
            if path.startswith(_workdir):
                if not _is_test(path):
                    _say("test", "failed", call.when, item.nodeid)
                break


def pytest_runtest_logreport(report):
    kind = "xfail" if hasattr(report, "wasxfail") and report.outcome == "skipped" else report.outcome
    _say("test", kind, report.when, report.nodeid)


def pytest_sessionfinish(session, exitstatus):
    _say_changes()
    for path in _hook_files(session.config):
        _say("hook", path)
    _say("finish", int(exitstatus))
`;

/** Names of tests are those that the runner prints: behind a tab, as several tests may share one. */
const UNITTEST_HOOKS = `
import unittest.case, unittest.result, unittest.runner, unittest.suite


def _name(result, test):
    try:
        printed = result.getDescription(test)
    except Exception:
        printed = str(test)
    try:
        return test.id() + "\\t" + printed.split("\\n")[-1]
    except Exception:
        return "?\\t" + printed.split("\\n")[-1]


def _report(method, outcome):
    real = getattr(unittest.result.TestResult, method)

    def reported(self, test, *details):
        _say("test", outcome, "call", _name(self, test))
        return real(self, test, *details)

    reported.__name__ = method
    setattr(unittest.result.TestResult, method, reported)


_report("addSuccess", "passed")
_report("addExpectedFailure", "xfail")
for _method in ("addError", "addFailure", "addUnexpectedSuccess"):
    _report(_method, "failed")
_watch_functions(
    TestCase=unittest.case.TestCase,
    _Outcome=unittest.case._Outcome,
    TestResult=unittest.result.TestResult,
    TestSuite=unittest.suite.TestSuite,
    BaseTestSuite=unittest.suite.BaseTestSuite,
    TextTestResult=unittest.runner.TextTestResult,
    TextTestRunner=unittest.runner.TextTestRunner,
)
_watch_reading()
`;

/** The runner is a module of the repository: it is watched from the moment of its import. */
const SYMPY_HOOKS = `
import importlib.util
_active = []


def _watch_runner(module):
    reporter = module.PyTestReporter
    if "PyTestReporter" in _owners:
        return
    entering = reporter.entering_test

    def entering_test(self, function):
        _active[:] = [function]
        return entering(self, function)

    def report(method, outcome):
        real = getattr(reporter, method)

        def reported(self, *details, **named):
            for function in _active:
                code = getattr(function, "__code__", None)
                name = getattr(function, "__name__", "?")
                _say("test", outcome, "call", getattr(code, "co_filename", "?") + ":" + name + "\\t" + name)
            return real(self, *details, **named)

        setattr(reporter, method, reported)

    reporter.entering_test = entering_test
    for method, outcome in (("test_pass", "passed"), ("test_xfail", "xfail"), ("test_fail", "failed"), ("test_exception", "failed")):
        report(method, outcome)
    _watch_functions(PyTestReporter=reporter, SymPyTests=module.SymPyTests, runtests=module)
    _watch_reading()


class _Finder(object):
    busy = False

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if cls.busy or name not in ("sympy.testing.runtests", "sympy.utilities.runtests"):
            return None
        cls.busy = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            cls.busy = False
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def exec_module(module):
                load(module)
                if hasattr(module, "PyTestReporter"):
                    _watch_runner(module)

            spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, _Finder)
`;

/** `endsWithProcess`: there is no call at the end of a session, so the runner's functions are compared when the process ends. */
export const PYTHON_RUNNERS: Readonly<Record<TestRunner, { hooks: string; endsWithProcess: 'True' | 'False' }>> = {
  pytest: { hooks: PYTEST_HOOKS, endsWithProcess: 'False' },
  unittest: { hooks: UNITTEST_HOOKS, endsWithProcess: 'True' },
  sympy: { hooks: SYMPY_HOOKS, endsWithProcess: 'True' },
};
