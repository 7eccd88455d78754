/**
 * How the tests of SWE-bench Multilingual are run: facts of the published set, by repository and version (which is the number of the pull request there). Commands stand between the markers of
 * the script, builds before them. Pure data.
 */

export interface MultilingualRules {
  parser: string;
  /** By version. */
  versions: Readonly<Record<string, { command: string; build?: string }>>;
}

export const MULTILINGUAL_RULES: Readonly<Record<string, MultilingualRules>> = {
  'apache/druid': {
    parser: 'parse_log_maven',
    versions: {
      13704: {
        command:
          'mvnd test -B -pl processing -Dtest=org.apache.druid.query.aggregation.post.ArithmeticPostAggregatorTest#testPow && mvnd test -B -pl processing -Dtest=org.apache.druid.query.aggregation.post.ArithmeticPostAggregatorTest#testDiv && mvnd test -B -pl processing -Dtest=org.apache.druid.query.aggregation.post.ArithmeticPostAggregatorTest#testQuotient',
      },
      14092: {
        command:
          'mvnd test -B -T 1C -pl server -Dtest=org.apache.druid.discovery.DruidLeaderClientTest#test503ResponseFromServerAndCacheRefresh && mvnd test -B -T 1C -pl server -Dtest=org.apache.druid.discovery.DruidLeaderClientTest#testServerFailureAndRedirect',
      },
      14136: {
        command:
          'mvnd test -B -T 1C -pl processing -Dtest=org.apache.druid.timeline.VersionedIntervalTimelineTest#testOverlapSecondContainsFirstZeroLengthInterval && mvnd test -B -T 1C -pl processing -Dtest=org.apache.druid.timeline.VersionedIntervalTimelineTest#testOverlapSecondContainsFirstZeroLengthInterval2 && mvnd test -B -T 1C -pl processing -Dtest=org.apache.druid.timeline.VersionedIntervalTimelineTest#testOverlapSecondContainsFirstZeroLengthInterval3 && mvnd test -B -T 1C -pl processing -Dtest=org.apache.druid.timeline.VersionedIntervalTimelineTest#testOverlapSecondContainsFirstZeroLengthInterval4 && mvnd test -B -T 1C -pl processing -Dtest=org.apache.druid.timeline.VersionedIntervalTimelineTest#testOverlapFirstContainsSecond && mvnd test -B -T 1C -pl processing -Dtest=org.apache.druid.timeline.VersionedIntervalTimelineTest#testOverlapSecondContainsFirst',
      },
      15402: {
        command:
          'mvnd test -B -T 1C -pl processing -Dtest=org.apache.druid.query.groupby.GroupByQueryQueryToolChestTest#testCacheStrategy && mvnd test -B -T 1C -pl processing -Dtest=org.apache.druid.query.groupby.GroupByQueryQueryToolChestTest#testResultLevelCacheKeyWithSubTotalsSpec && mvnd test -B -T 1C -pl processing -Dtest=org.apache.druid.query.groupby.GroupByQueryQueryToolChestTest#testMultiColumnCacheStrategy',
      },
      16875: {
        command:
          'mvnd test -B -pl server -Dtest=org.apache.druid.server.metrics.WorkerTaskCountStatsMonitorTest#testMonitorWithPeon && mvnd test -B -pl server -Dtest=org.apache.druid.server.metrics.WorkerTaskCountStatsMonitorTest#testMonitorWithNulls && mvnd test -B -pl server -Dtest=org.apache.druid.server.metrics.WorkerTaskCountStatsMonitorTest#testMonitorIndexer',
      },
    },
  },
  'apache/lucene': {
    parser: 'parse_log_gradle_custom',
    versions: {
      11760: { command: './gradlew test --tests org.apache.lucene.queries.intervals.TestIntervalBuilder' },
      12022: { command: './gradlew test --tests org.apache.lucene.document.TestLatLonShape' },
      12196: { command: './gradlew test --tests org.apache.lucene.queryparser.classic.TestMultiFieldQueryParser' },
      12212: { command: './gradlew test --tests org.apache.lucene.facet.TestDrillSideways' },
      12626: { command: './gradlew test --tests org.apache.lucene.index.TestIndexWriter' },
      13301: {
        command:
          './gradlew test --tests TestXYPoint.testEqualsAndHashCode -Dtests.seed=3ABEFE4D876DD310 -Dtests.nightly=true -Dtests.locale=es-419 -Dtests.timezone=Asia/Ulaanbaatar -Dtests.asserts=true -Dtests.file.encoding=UTF-8',
      },
      13494: { command: './gradlew test --tests org.apache.lucene.facet.TestStringValueFacetCounts' },
      13704: { command: './gradlew test --tests org.apache.lucene.search.TestLatLonDocValuesQueries' },
    },
  },
  'astral-sh/ruff': {
    parser: 'parse_log_cargo',
    versions: {
      15309: { command: "cargo test --package ruff_linter 'f52'" },
      15330: { command: 'cargo test --package ruff_linter --lib rules::eradicate' },
      15356: { command: 'cargo test --package ruff_linter --lib rules::pycodestyle' },
      15394: { command: 'cargo test --package ruff_linter --lib rules::flake8_pie' },
      15443: { command: 'cargo test --package ruff_linter --lib rules::flake8_bandit' },
      15543: { command: 'cargo test --package ruff_linter --lib rules::pyupgrade' },
      15626: { command: 'cargo test --package ruff_linter --lib rules::flake8_simplify::tests' },
    },
  },
  'axios/axios': {
    parser: 'parse_log_tap',
    versions: {
      4731: { command: "npx mocha -R tap test/unit/adapters/http.js -g 'body length'" },
      4738: { command: "timeout 10s npx mocha -R tap test/unit/adapters/http.js -g 'timeout'" },
      5085: { command: 'npx mocha -R tap test/unit/regression/bugs.js' },
      5316: { command: "npx mocha test/unit/adapters/http.js -R tap -g 'FormData'", build: 'npm install' },
      5892: { command: "npx mocha test/unit/adapters/http.js -R tap -g 'compression'" },
      6539: { command: 'npx mocha -R tap test/unit/regression/SNYK-JS-AXIOS-7361793.js' },
    },
  },
  'babel/babel': {
    parser: 'parse_log_jest',
    versions: {
      13928: { command: 'yarn jest babel-parser -t "arrow" --verbose', build: 'make build' },
      14532: { command: 'yarn jest babel-generator --verbose', build: 'make build' },
      15445: {
        command: 'yarn jest packages/babel-generator/test/index.js -t "generation " --verbose',
        build: 'make build',
      },
      15649: { command: 'yarn jest packages/babel-traverse/test/scope.js --verbose', build: 'make build' },
      16130: { command: 'yarn jest babel-helpers --verbose', build: 'make build' },
    },
  },
  'briannesbitt/carbon': {
    parser: 'parse_log_phpunit',
    versions: {
      2665: { command: 'vendor/bin/phpunit --testdox --colors=never tests/Carbon/RoundTest.php' },
      2752: { command: 'vendor/bin/phpunit --testdox --colors=never tests/CarbonImmutable/IsTest.php' },
      2762: { command: 'vendor/bin/phpunit --testdox --colors=never tests/CarbonInterval/RoundingTest.php' },
      2813: {
        command: 'vendor/bin/phpunit --testdox --colors=never tests/Factory/FactoryTest.php',
        build: 'composer update\ncomposer install',
      },
      2981: { command: 'vendor/bin/phpunit --testdox --colors=never tests/CarbonInterval/TotalTest.php' },
      3005: { command: 'vendor/bin/phpunit --testdox --colors=never tests/CarbonInterval/ConstructTest.php' },
      3041: { command: 'vendor/bin/phpunit --testdox --colors=never tests/CarbonPeriod/CreateTest.php' },
      3073: { command: 'vendor/bin/phpunit --testdox --colors=never tests/CarbonInterval/TotalTest.php' },
      3098: { command: 'vendor/bin/phpunit --testdox --colors=never tests/CarbonInterval/ConstructTest.php' },
      3103: { command: 'vendor/bin/phpunit --testdox --colors=never tests/CarbonImmutable/SettersTest.php' },
    },
  },
  'burntsushi/ripgrep': {
    parser: 'parse_log_cargo',
    versions: {
      2209: {
        command: 'RUSTFLAGS=-Awarnings cargo test --package ripgrep --test integration -- regression::r2208 --exact',
      },
      2576: { command: 'RUSTFLAGS=-Awarnings cargo test --package ripgrep --test integration -- regression' },
    },
  },
  'caddyserver/caddy': {
    parser: 'parse_log_gotest',
    versions: {
      4774: { command: 'go test -v ./caddytest/integration -run "TestCaddyfileAdapt*"' },
      4943: { command: 'go test -v ./modules/logging' },
      5404: { command: 'go test -v ./caddyconfig/caddyfile' },
      5626: { command: 'go test -v ./caddyconfig/httpcaddyfile -run "Test.*Import"' },
      5761: { command: 'go test -v ./caddyconfig/caddyfile -run "TestLexer.*"' },
      5870: { command: 'go test -v . -run "TestUnsyncedConfigAccess"' },
      5995: { command: 'go test -v ./caddytest/integration -run "^TestUriReplace"' },
      6051: { command: 'go test -v ./caddyconfig/caddyfile' },
      6115: { command: 'go test -v ./modules/caddyhttp/reverseproxy' },
      6288: { command: 'go test -v ./caddytest/integration -run "TestCaddyfileAdapt*"' },
      6345: { command: 'go test -v ./caddytest/integration' },
      6350: { command: 'go test -v ./caddytest/integration -run "TestCaddyfileAdapt*"' },
      6370: { command: 'go test -v ./cmd' },
      6411: { command: 'go test -v . -run "TestReplacerNew*"' },
    },
  },
  'facebook/docusaurus': {
    parser: 'parse_log_jest',
    versions: {
      8927: { command: 'yarn test packages/docusaurus-utils/src/__tests__/markdownLinks.test.ts --verbose' },
      9183: { command: 'yarn test packages/docusaurus-theme-classic/src/__tests__/options.test.ts --verbose' },
      9897: { command: 'yarn test packages/docusaurus-utils/src/__tests__/markdownUtils.test.ts --verbose' },
      10130: { command: 'yarn test packages/docusaurus/src/server/__tests__/brokenLinks.test.ts --verbose' },
      10309: {
        command:
          'yarn test packages/docusaurus-plugin-content-docs/src/client/__tests__/docsClientUtils.test.ts --verbose',
      },
    },
  },
  'faker-ruby/faker': {
    parser: 'parse_log_ruby_unit',
    versions: {
      2705: { command: "bundle exec ruby test/faker/default/test_faker_internet.rb -v -n '/password/'" },
      2970: { command: "bundle exec ruby test/faker/default/test_faker_internet.rb -v -n '/email/'" },
    },
  },
  'fastlane/fastlane': {
    parser: 'parse_log_rspec_transformed_json',
    versions: {
      19207: {
        command:
          'FASTLANE_SKIP_UPDATE_CHECK=1 bundle exec rspec ./fastlane/spec/actions_specs/zip_spec.rb --no-color --format json | tail -n +2 | jq -r \'.examples[] | "\\(.description) - \\(.id) - \\(.status)"\'',
      },
      19304: {
        command:
          'FASTLANE_SKIP_UPDATE_CHECK=1 bundle exec rspec ./fastlane/spec/actions_specs/zip_spec.rb --no-color --format json | tail -n +2 | jq -r \'.examples[] | "\\(.description) - \\(.id) - \\(.status)"\'',
      },
      19765: {
        command:
          'FASTLANE_SKIP_UPDATE_CHECK=1 bundle exec rspec ./fastlane/spec/actions_specs/download_dsyms_spec.rb --no-color --format json | tail -n +2 | jq -r \'.examples[] | "\\(.description) - \\(.id) - \\(.status)"\'',
      },
      20642: {
        command:
          'FASTLANE_SKIP_UPDATE_CHECK=1 bundle exec rspec ./frameit/spec/device_spec.rb --no-color --format json | tail -n +2 | jq -r \'.examples[] | "\\(.description) - \\(.id) - \\(.status)"\'',
      },
      20958: {
        command:
          'FASTLANE_SKIP_UPDATE_CHECK=1 bundle exec rspec ./fastlane/spec/actions_specs/import_from_git_spec.rb --no-color --format json | tail -n +2 | jq -r \'.examples[] | "\\(.description) - \\(.id) - \\(.status)"\'',
      },
      20975: {
        command:
          'FASTLANE_SKIP_UPDATE_CHECK=1 bundle exec rspec ./match/spec/storage/s3_storage_spec.rb --no-color --format json | tail -n +2 | jq -r \'.examples[] | "\\(.description) - \\(.id) - \\(.status)"\'',
      },
    },
  },
  'fluent/fluentd': {
    parser: 'parse_log_ruby_unit',
    versions: {
      3328: { command: "bundle exec ruby test/plugin/test_in_tail.rb -v -n '/test_ENOENT_error_after_setup_watcher/'" },
      3466: { command: "bundle exec ruby test/plugin/test_in_tail.rb -v -n '/test_should_replace_target_info/'" },
      3608: { command: "bundle exec ruby test/plugin/test_output_as_buffered_retries.rb -v -n '/retry_max_times/'" },
      3616: { command: "bundle exec ruby test/plugin/test_in_http.rb -v -n '/test_application/'" },
      3631: { command: "bundle exec ruby test/test_event_router.rb -v -n '/handle_emits_error/'" },
      3640: { command: "bundle exec ruby test/plugin_helper/test_retry_state.rb -v -n '/exponential backoff/'" },
      3641: { command: 'bundle exec ruby test/test_supervisor.rb -v' },
      3917: { command: 'bundle exec ruby test/test_config.rb -v' },
      4030: { command: 'bundle exec ruby test/plugin/out_forward/test_ack_handler.rb -v' },
      4311: { command: "bundle exec ruby test/config/test_system_config.rb -v -n '/rotate_age/'" },
      4598: { command: "bundle exec ruby test/plugin_helper/test_http_server_helper.rb -v -n '/mount/'" },
      4655: { command: "bundle exec ruby test/plugin/test_in_http.rb -v -n '/test_add/'" },
    },
  },
  'fmtlib/fmt': {
    parser: 'parse_log_googletest',
    versions: {
      1683: {
        command: 'ctest --test-dir build -V -R printf-test',
        build: 'mkdir -p build\ncmake -B build -S .\ncmake --build build --parallel $(nproc) --target printf-test',
      },
      2310: {
        command: 'ctest --test-dir build -V -R format-test',
        build: 'mkdir -p build\ncmake -B build -S .\ncmake --build build --parallel $(nproc) --target format-test',
      },
      2317: {
        command: 'ctest --test-dir build -V -R format-test',
        build: 'mkdir -p build\ncmake -B build -S .\ncmake --build build --parallel $(nproc) --target format-test',
      },
      2457: {
        command: 'ctest --test-dir build -V -R ranges-test',
        build: 'mkdir -p build\ncmake -B build -S .\ncmake --build build --parallel $(nproc) --target ranges-test',
      },
      3158: {
        command: 'ctest --test-dir build -V -R ranges-test',
        build: 'mkdir -p build\ncmake -B build -S .\ncmake --build build --parallel $(nproc) --target ranges-test',
      },
      3248: {
        command: 'ctest --test-dir build -V -R format-test',
        build: 'mkdir -p build\ncmake -B build -S .\ncmake --build build --parallel $(nproc) --target format-test',
      },
      3272: {
        command: 'ctest --test-dir build -V -R xchar-test',
        build: 'mkdir -p build\ncmake -B build -S .\ncmake --build build --parallel $(nproc) --target xchar-test',
      },
      3729: {
        command: 'ctest --test-dir build -V -R std-test',
        build: 'mkdir -p build\ncmake -B build -S .\ncmake --build build --parallel $(nproc) --target std-test',
      },
      3750: {
        command: 'ctest --test-dir build -V -R format-test',
        build: 'mkdir -p build\ncmake -B build -S .\ncmake --build build --parallel $(nproc) --target format-test',
      },
      3863: {
        command: 'ctest --test-dir build -V -R ranges-test',
        build: 'mkdir -p build\ncmake -B build -S .\ncmake --build build --parallel $(nproc) --target ranges-test',
      },
      3901: {
        command: 'ctest --test-dir build -V -R format-test',
        build: 'mkdir -p build\ncmake -B build -S .\ncmake --build build --parallel $(nproc) --target format-test',
      },
    },
  },
  'gin-gonic/gin': {
    parser: 'parse_log_gotest',
    versions: {
      1805: { command: 'go test -v . -run "^Test.*Router"' },
      1957: { command: 'go test -v . -run "^TestContext.*Bind"' },
      2121: { command: 'go test -v ./... -run "^Test.*Reader"' },
      2755: { command: 'go test -v . -run "^TestTree"' },
      3227: { command: 'go test -v . -run "^TestRedirect"' },
      3741: { command: 'go test -v . -run "^TestColor"' },
      3820: { command: 'go test -v ./binding -run "^TestMapping"' },
      4003: { command: 'go test . -v -run "TestMethodNotAllowedNoRoute"' },
    },
  },
  'gohugoio/hugo': {
    parser: 'parse_log_gotest',
    versions: {
      12171: { command: 'go test -v ./hugolib -run "^Test.*Pages"' },
      12204: { command: 'go test -v ./tpl/tplimpl -run "^TestEmbedded"' },
      12343: { command: 'go test -v ./resources/page/... -run "^Test.*Permalink"' },
      12448: { command: 'go test -v ./hugolib/... -run "^TestRebuild"' },
      12562: { command: 'go test -v ./hugolib/... -run "^TestGetPage[^/]"' },
      12579: { command: 'go test -v ./resources/page -run "^TestGroupBy"' },
      12768: { command: 'go test -v ./markup/goldmark/blockquotes/...' },
    },
  },
  'google/gson': {
    parser: 'parse_log_maven',
    versions: {
      1014: {
        command:
          'mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.internal.bind.JsonTreeReaderTest#testSkipValue_emptyJsonObject && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.internal.bind.JsonTreeReaderTest#testSkipValue_filledJsonObject',
      },
      1093: {
        command:
          'mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.stream.JsonWriterTest#testNonFiniteDoublesWhenLenient && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.stream.JsonWriterTest#testNonFiniteBoxedDoublesWhenLenient && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.stream.JsonWriterTest#testNonFiniteDoubles && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.stream.JsonWriterTest#testNonFiniteBoxedDoubles && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.stream.JsonWriterTest#testDoubles',
      },
      1100: {
        command:
          'mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.DefaultDateTypeAdapterTest#testNullValue && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.DefaultDateTypeAdapterTest#testDatePattern && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.DefaultDateTypeAdapterTest#testInvalidDatePattern',
      },
      2024: {
        command:
          'mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.functional.FieldNamingTest#testUpperCaseWithUnderscores && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.functional.NamingPolicyTest#testGsonWithUpperCaseUnderscorePolicySerialization && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.functional.NamingPolicyTest#testGsonWithUpperCaseUnderscorePolicyDeserialiation',
      },
      2061: {
        command:
          'mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.stream.JsonReaderTest#testHasNextEndOfDocument && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.internal.bind.JsonTreeReaderTest#testHasNext_endOfDocument && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.stream.JsonReaderTest#testReadEmptyObject && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.stream.JsonReaderTest#testReadEmptyArray && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.internal.bind.JsonTreeReaderTest#testSkipValue_emptyJsonObject && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.internal.bind.JsonTreeReaderTest#testSkipValue_filledJsonObject',
      },
      2134: {
        command:
          'mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.internal.bind.util.ISO8601UtilsTest#testDateParseInvalidDay && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.internal.bind.util.ISO8601UtilsTest#testDateParseInvalidMonth && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.internal.bind.util.ISO8601UtilsTest#testDateParseWithDefaultTimezone',
      },
      2158: {
        command:
          'mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.functional.PrimitiveTest#testByteSerialization && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.functional.PrimitiveTest#testShortSerialization && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.functional.PrimitiveTest#testIntSerialization && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.functional.PrimitiveTest#testLongSerialization && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.functional.PrimitiveTest#testFloatSerialization && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.functional.PrimitiveTest#testDoubleSerialization && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.functional.PrimitiveTest#testPrimitiveIntegerAutoboxedSerialization && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.functional.PrimitiveTest#testPrimitiveIntegerAutoboxedInASingleElementArraySerialization && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.functional.PrimitiveTest#testReallyLongValuesSerialization && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.functional.PrimitiveTest#testPrimitiveLongAutoboxedSerialization',
      },
      2311: {
        command:
          'mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.JsonPrimitiveTest#testEqualsIntegerAndBigInteger && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.JsonPrimitiveTest#testLongEqualsBigInteger && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.JsonPrimitiveTest#testEqualsAcrossTypes',
      },
      2479: {
        command:
          'mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.GsonBuilderTest#testRegisterTypeAdapterForObjectAndJsonElements && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.GsonBuilderTest#testRegisterTypeHierarchyAdapterJsonElements && mvnd test -B -T 1C -pl gson -Dtest=com.google.gson.GsonBuilderTest#testModificationAfterCreate',
      },
    },
  },
  'hashicorp/terraform': {
    parser: 'parse_log_gotest',
    versions: {
      34580: { command: 'go test -v ./internal/command -run "^TestFmt"' },
      34814: { command: 'go test -v ./internal/builtin/provisioners/remote-exec' },
      34900: { command: 'go test -v ./internal/terraform -run "(^TestContext2Apply|^TestContext2Plan).*[Ss]ensitive"' },
      35543: { command: 'go test -v ./internal/terraform -run "^TestContext2Plan_import"' },
      35611: { command: 'go test -v ./internal/terraform -run "^TestContext2Apply_provisioner"' },
    },
  },
  'immutable-js/immutable-js': {
    parser: 'parse_log_immutable_js',
    versions: {
      2005: {
        command:
          'npx jest __tests__/OrderedMap.ts __tests__/OrderedSet.ts --silent --json | jq -r \'.testResults[].assertionResults[] | "[" + (.status | ascii_upcase) + "] " + ((.ancestorTitles | join(" > ")) + (if .ancestorTitles | length > 0 then " > " else "" end) + .title)\'',
        build: 'npm run build',
      },
      2006: { command: 'npx jest __tests__/Range.ts --verbose', build: 'npm run build' },
    },
  },
  'javaparser/javaparser': {
    parser: 'parse_log_maven',
    versions: {
      4538: {
        command:
          './mvnw test -B -pl javaparser-core-testing -Dtest=NodeTest && ./mvnw test -B -pl javaparser-core-testing -Dtest=NodePositionTest',
        build: './mvnw clean install -B -pl javaparser-core-testing -DskipTests -am',
      },
      4561: {
        command:
          './mvnw test -B -pl javaparser-symbol-solver-testing -Dtest=Issue4560Test && ./mvnw test -B -pl javaparser-symbol-solver-testing -Dtest=JavaSymbolSolverTest',
        build: './mvnw clean install -B -pl javaparser-symbol-solver-testing -DskipTests -am',
      },
    },
  },
  'jekyll/jekyll': {
    parser: 'parse_log_jekyll',
    versions: {
      8047: { command: 'bundle exec ruby -I test test/test_filters.rb -v -n "/where_exp filter/"' },
      8167: { command: 'bundle exec ruby -I test test/test_utils.rb -v -n "/Utils.slugify/"' },
      8761: {
        command:
          'bundle exec cucumber --publish-quiet --format progress --no-color features/post_data.feature:6 features/post_data.feature:30',
      },
      8771: {
        command:
          'bundle exec cucumber --publish-quiet --format progress --no-color features/incremental_rebuild.feature:27 features/incremental_rebuild.feature:70',
      },
      9141: { command: 'bundle exec ruby -I test test/test_site.rb -v -n "/static files/"' },
    },
  },
  'jordansissel/fpm': {
    parser: 'parse_log_rspec_transformed_json',
    versions: {
      1829: {
        command:
          "bundle exec rspec spec/fpm/package/deb_spec.rb --no-color --format json | sed -n '/^{/,$p' | jq -r '.examples[] | \"\\(.description) - \\(.status)\"'",
      },
      1850: {
        command:
          "bundle exec rspec spec/fpm/package/empty_spec.rb --no-color --format json | sed -n '/^{/,$p' | jq -r '.examples[] | \"\\(.description) - \\(.status)\"'",
      },
    },
  },
  'jqlang/jq': {
    parser: 'parse_log_jq',
    versions: {
      2235: {
        command: 'make check',
        build:
          'git submodule update --init\nautoreconf -fi\n./configure --with-oniguruma=builtin\nmake clean\ntouch src/parser.y src/lexer.l\nmake -j$(nproc)',
      },
      2598: {
        command: 'make check',
        build:
          'git submodule update --init\nautoreconf -fi\n./configure --with-oniguruma=builtin\nmake clean\ntouch src/parser.y src/lexer.l\nmake -j$(nproc)',
      },
      2650: {
        command: 'make check',
        build:
          'git submodule update --init\nautoreconf -fi\n./configure --with-oniguruma=builtin\nmake clean\ntouch src/parser.y src/lexer.l\nmake -j$(nproc)',
      },
      2658: {
        command: 'make check',
        build:
          'git submodule update --init\nautoreconf -fi\n./configure --with-oniguruma=builtin\nmake clean\ntouch src/parser.y src/lexer.l\nmake -j$(nproc)',
      },
      2681: {
        command: 'make check',
        build:
          'git submodule update --init\nautoreconf -fi\n./configure --with-oniguruma=builtin\nmake clean\ntouch src/parser.y src/lexer.l\nmake -j$(nproc)',
      },
      2728: {
        command: 'make check',
        build:
          'git submodule update --init\nautoreconf -fi\n./configure --with-oniguruma=builtin\nmake clean\ntouch src/parser.y src/lexer.l\nmake -j$(nproc)',
      },
      2750: {
        command: 'make check',
        build:
          'git submodule update --init\nautoreconf -fi\n./configure --with-oniguruma=builtin\nmake clean\ntouch src/parser.y src/lexer.l\nmake -j$(nproc)',
      },
      2839: {
        command: 'make check',
        build:
          'git submodule update --init\nautoreconf -fi\n./configure --with-oniguruma=builtin\nmake clean\ntouch src/parser.y src/lexer.l\nmake -j$(nproc)',
      },
      2919: {
        command: 'make check',
        build:
          'git submodule update --init\nautoreconf -fi\n./configure --with-oniguruma=builtin\nmake clean\ntouch src/parser.y src/lexer.l\nmake -j$(nproc)',
      },
    },
  },
  'laravel/framework': {
    parser: 'parse_log_phpunit',
    versions: {
      46234: { command: 'vendor/bin/phpunit --testdox --colors=never tests/Routing/RoutingUrlGeneratorTest.php' },
      48573: { command: 'vendor/bin/phpunit --testdox --colors=never tests/Cache/CacheArrayStoreTest.php' },
      48636: { command: 'vendor/bin/phpunit --testdox --colors=never tests/Database/DatabaseEloquentModelTest.php' },
      51195: { command: 'vendor/bin/phpunit --testdox --colors=never tests/View/Blade/BladeVerbatimTest.php' },
      51890: {
        command:
          "vendor/bin/phpunit --testdox --colors=never tests/Validation/ValidationValidatorTest.php --filter 'attribute'",
      },
      52451: {
        command:
          "vendor/bin/phpunit --testdox --colors=never tests/Validation/ValidationValidatorTest.php --filter 'custom'",
      },
      52680: {
        command: 'vendor/bin/phpunit --testdox --colors=never tests/Database/DatabaseEloquentInverseRelationTest.php',
      },
      52684: { command: 'vendor/bin/phpunit --testdox --colors=never tests/Support/SupportStrTest.php' },
      52866: {
        command: 'vendor/bin/phpunit --testdox --colors=never tests/Container/ContextualAttributeBindingTest.php',
      },
      53206: { command: 'vendor/bin/phpunit --testdox --colors=never tests/Support/SupportJsTest.php' },
      53696: { command: 'vendor/bin/phpunit --testdox --colors=never tests/Database/DatabaseSchemaBlueprintTest.php' },
      53914: {
        command: 'vendor/bin/phpunit --testdox --colors=never tests/Integration/Database/DatabaseConnectionsTest.php',
      },
      53949: { command: 'vendor/bin/phpunit --testdox --colors=never tests/Support/OnceTest.php' },
    },
  },
  'micropython/micropython': {
    parser: 'parse_log_micropython_test',
    versions: {
      10095: {
        command:
          'cd tests && MICROPY_CPYTHON3=python3 MICROPY_MICROPYTHON=../ports/unix/build-standard/micropython ./run-tests.py -i basics/fun',
        build: 'source ./tools/ci.sh\nci_unix_build_helper VARIANT=standard',
      },
      12158: {
        command:
          'cd tests && MICROPY_CPYTHON3=python3 MICROPY_MICROPYTHON=../ports/unix/build-standard/micropython ./run-tests.py -d thread',
        build:
          'source ./tools/ci.sh\nci_unix_build_helper VARIANT=standard\ngcc -shared -o tests/unix/ffi_lib.so tests/unix/ffi_lib.c',
      },
      13039: {
        command:
          'cd tests && MICROPY_CPYTHON3=python3 MICROPY_MICROPYTHON=../ports/unix/build-standard/micropython ./run-tests.py -i slice',
        build:
          'source ./tools/ci.sh\nci_unix_build_helper VARIANT=standard\ngcc -shared -o tests/unix/ffi_lib.so tests/unix/ffi_lib.c',
      },
      13569: {
        command:
          'cd tests && MICROPY_CPYTHON3=python3 MICROPY_MICROPYTHON=../ports/unix/build-standard/micropython ./run-tests.py -i try',
        build:
          'source ./tools/ci.sh\nci_unix_build_helper VARIANT=standard\ngcc -shared -o tests/ports/unix/ffi_lib.so tests/ports/unix/ffi_lib.c',
      },
      15898: {
        command:
          'cd tests && MICROPY_CPYTHON3=python3 MICROPY_MICROPYTHON=../ports/unix/build-standard/micropython ./run-tests.py -i string_format',
        build:
          'source ./tools/ci.sh\nci_unix_build_helper VARIANT=standard\ngcc -shared -o tests/ports/unix/ffi_lib.so tests/ports/unix/ffi_lib.c',
      },
    },
  },
  'mrdoob/three.js': {
    parser: 'parse_log_tap',
    versions: {
      25687: { command: 'npx qunit test/unit/src/core/Object3D.tests.js -f "/json|clone|copy/i"' },
      26589: {
        command:
          'npx qunit test/unit/src/objects/Line.tests.js test/unit/src/objects/Mesh.tests.js test/unit/src/objects/Points.tests.js',
      },
      27395: { command: 'npx qunit test/unit/src/math/Sphere.tests.js' },
    },
  },
  'nlohmann/json': {
    parser: 'parse_log_doctest',
    versions: {
      4237: {
        command: './build/tests/test-udt_cpp11 -s -r=xml',
        build: 'mkdir -p build\ncd build\ncmake ..\nmake test-udt_cpp11\ncd ..',
      },
    },
  },
  'nushell/nushell': {
    parser: 'parse_log_cargo',
    versions: {
      12901: { command: 'cargo test --no-fail-fast shell::env' },
      12950: { command: 'cargo test external_arguments --no-fail-fast' },
      13246: { command: 'cargo test -p nu-command --no-fail-fast --test main find::', build: 'cargo build' },
      13605: { command: 'cargo test -p nu-command --no-fail-fast ls::', build: 'cargo build' },
      13831: { command: 'cargo test -p nu-command --no-fail-fast split_column', build: 'cargo build' },
    },
  },
  'php-cs-fixer/php-cs-fixer': {
    parser: 'parse_log_phpunit',
    versions: {
      7523: {
        command: 'vendor/bin/phpunit --testdox --colors=never tests/Fixer/Operator/BinaryOperatorSpacesFixerTest.php',
      },
      7635: {
        command:
          'vendor/bin/phpunit --testdox --colors=never tests/Fixer/Import/FullyQualifiedStrictTypesFixerTest.php',
      },
      7663: {
        command: 'vendor/bin/phpunit --testdox --colors=never tests/Fixer/Whitespace/StatementIndentationFixerTest.php',
      },
      7875: {
        command: 'vendor/bin/phpunit --testdox --colors=never tests/Fixer/Whitespace/StatementIndentationFixerTest.php',
      },
      7998: { command: 'vendor/bin/phpunit --testdox --colors=never tests/Fixer/Casing/ConstantCaseFixerTest.php' },
      8064: {
        command:
          'vendor/bin/phpunit --testdox --colors=never tests/Fixer/StringNotation/SimpleToComplexStringVariableFixerTest.php',
      },
      8075: {
        command: 'vendor/bin/phpunit --testdox --colors=never tests/Fixer/PhpUnit/PhpUnitAttributesFixerTest.php',
      },
      8256: {
        command: 'vendor/bin/phpunit --testdox --colors=never tests/Fixer/PhpTag/BlankLineAfterOpeningTagFixerTest.php',
      },
      8331: {
        command:
          'vendor/bin/phpunit --testdox --colors=never tests/Fixer/LanguageConstruct/NullableTypeDeclarationFixerTest.php',
      },
      8367: {
        command:
          'vendor/bin/phpunit --testdox --colors=never tests/Fixer/Import/FullyQualifiedStrictTypesFixerTest.php',
      },
    },
  },
  'phpoffice/phpspreadsheet': {
    parser: 'parse_log_phpunit',
    versions: {
      3463: {
        command:
          './vendor/bin/phpunit --testdox --colors=never tests/PhpSpreadsheetTests/Writer/Xlsx/FunctionPrefixTest.php',
      },
      3469: { command: './vendor/bin/phpunit --testdox --colors=never tests/PhpSpreadsheetTests/Style/StyleTest.php' },
      3570: {
        command:
          './vendor/bin/phpunit --testdox --colors=never tests/PhpSpreadsheetTests/Calculation/Functions/LookupRef/VLookupTest.php',
      },
      3659: {
        command:
          './vendor/bin/phpunit --testdox --colors=never tests/PhpSpreadsheetTests/Worksheet/Table/Issue3635Test.php',
      },
      3903: {
        command: './vendor/bin/phpunit --testdox --colors=never tests/PhpSpreadsheetTests/Shared/StringHelperTest.php',
      },
      3940: {
        command: './vendor/bin/phpunit --testdox --colors=never tests/PhpSpreadsheetTests/Worksheet/WorksheetTest.php',
      },
      4114: {
        command: './vendor/bin/phpunit --testdox --colors=never tests/PhpSpreadsheetTests/Worksheet/Issue4112Test.php',
      },
      4186: {
        command:
          './vendor/bin/phpunit --testdox --colors=never tests/PhpSpreadsheetTests/Writer/Xlsx/FunctionPrefixTest.php',
      },
      4214: {
        command:
          './vendor/bin/phpunit --testdox --colors=never tests/PhpSpreadsheetTests/Calculation/Functions/MathTrig/RoundDownTest.php',
      },
      4313: {
        command:
          './vendor/bin/phpunit --testdox --colors=never tests/PhpSpreadsheetTests/Reader/Ods/FormulaTranslatorTest.php',
      },
    },
  },
  'preactjs/preact': {
    parser: 'parse_log_karma',
    versions: {
      2757: {
        command:
          'COVERAGE=false BABEL_NO_MODULES=true npx karma start karma.conf.js --single-run --grep="test/browser/render.test.js"',
      },
      2896: {
        command:
          'COVERAGE=false BABEL_NO_MODULES=true npx karma start karma.conf.js --single-run --grep="compat/test/browser/memo.test.js"',
      },
      2927: {
        command:
          'COVERAGE=false BABEL_NO_MODULES=true npx karma start karma.conf.js --single-run --grep="test/browser/render.test.js"',
      },
      3010: {
        command:
          'COVERAGE=false BABEL_NO_MODULES=true npx karma start karma.conf.js --single-run --grep="test/browser/render.test.js"',
      },
      3062: {
        command:
          'COVERAGE=false BABEL_NO_MODULES=true npx karma start karma.conf.js --single-run --grep="test/browser/render.test.js"',
      },
      3345: {
        command:
          'COVERAGE=false BABEL_NO_MODULES=true npx karma start karma.conf.js --single-run --grep="hooks/test/browser/useEffect.test.js"',
      },
      3454: {
        command:
          'COVERAGE=false BABEL_NO_MODULES=true npx karma start karma.conf.js --single-run --grep="test/browser/svg.test.js"',
      },
      3562: {
        command:
          'COVERAGE=false BABEL_NO_MODULES=true npx karma start karma.conf.js --single-run --grep="compat/test/browser/render.test.js"',
      },
      3567: {
        command:
          'COVERAGE=false BABEL_NO_MODULES=true npx karma start karma.conf.js --single-run --grep="hooks/test/browser/useEffect.test.js"',
      },
      3689: {
        command:
          'COVERAGE=false BABEL_NO_MODULES=true npx karma start karma.conf.js --single-run --grep="hooks/test/browser/errorBoundary.test.js"',
      },
      3739: {
        command:
          'COVERAGE=false BABEL_NO_MODULES=true npx karma start karma.conf.js --single-run --grep="hooks/test/browser/useState.test.js"',
      },
      3763: {
        command:
          'COVERAGE=false BABEL_NO_MODULES=true npx karma start karma.conf.js --single-run --grep="test/browser/lifecycles/componentDidMount.test.js"',
      },
      4152: {
        command:
          'COVERAGE=false BABEL_NO_MODULES=true npx karma start karma.conf.js --single-run --grep="test/browser/components.test.js"',
      },
      4182: {
        command:
          'COVERAGE=false BABEL_NO_MODULES=true npx karma start karma.conf.js --single-run --grep="hooks/test/browser/errorBoundary.test.js"',
      },
      4245: {
        command:
          'COVERAGE=false BABEL_NO_MODULES=true npx karma start karma.conf.js --single-run --grep="hooks/test/browser/useId.test.js"',
      },
      4316: {
        command:
          'COVERAGE=false BABEL_NO_MODULES=true npx karma start karma.conf.js --single-run --grep="test/browser/events.test.js"',
      },
      4436: {
        command:
          'COVERAGE=false BABEL_NO_MODULES=true npx karma start karma.conf.js --single-run --grep="test/browser/refs.test.js"',
      },
    },
  },
  'projectlombok/lombok': {
    parser: 'parse_log_ant',
    versions: {
      2792: { command: 'ant test.instance', build: 'ant test.compile' },
      3009: { command: 'ant test.instance', build: 'ant test.compile' },
      3042: { command: 'ant test.instance', build: 'ant test.compile' },
      3052: { command: 'ant test.instance', build: 'ant test.compile' },
      3215: { command: 'ant test.instance', build: 'ant test.compile' },
      3312: { command: 'ant test.instance', build: 'ant test.compile' },
      3326: { command: 'ant test.instance', build: 'ant test.compile' },
      3350: { command: 'ant test.instance', build: 'ant test.compile' },
      3371: { command: 'ant test.instance', build: 'ant test.compile' },
      3422: { command: 'ant test.instance', build: 'ant test.compile' },
      3479: { command: 'ant test.instance', build: 'ant test.compile' },
      3486: { command: 'ant test.instance', build: 'ant test.compile' },
      3571: { command: 'ant test.instance', build: 'ant test.compile' },
      3594: { command: 'ant test.instance', build: 'ant test.compile' },
      3602: { command: 'ant test.instance', build: 'ant test.compile' },
      3674: { command: 'ant test.instance', build: 'ant test.compile' },
      3697: { command: 'ant test.instance', build: 'ant test.compile' },
    },
  },
  'prometheus/prometheus': {
    parser: 'parse_log_gotest',
    versions: {
      9248: { command: 'go test -v ./promql -run "^TestEvaluations"' },
      10633: { command: 'go test -v ./discovery/puppetdb -run "TestPuppetDBRefreshWithParameters"' },
      10720: { command: 'go test -v ./promql -run "^TestEvaluations"' },
      11859: { command: 'go test -v ./tsdb -run "^TestSnapshot"' },
      12874: { command: 'go test -v ./tsdb -run "^TestHead"' },
      13845: { command: 'go test -v ./promql ./model/labels -run "^(TestRangeQuery|TestLabels)"' },
      14861: { command: 'go test -v ./promql -run "^TestEngine"' },
      15142: { command: 'go test -v ./tsdb -run "^TestHead"' },
    },
  },
  'reactivex/rxjava': {
    parser: 'parse_log_gradle_custom',
    versions: {
      7597: {
        command: './gradlew test --tests io.reactivex.rxjava3.internal.operators.observable.ObservableSwitchTest',
      },
    },
  },
  'redis/redis': {
    parser: 'parse_log_redis',
    versions: {
      9733: { command: 'TERM=dumb ./runtest --durable --single unit/introspection-2', build: 'make distclean\nmake' },
      10068: {
        command: 'TERM=dumb ./runtest --durable --single unit/type/stream --only "/*XTRIM*"',
        build: 'make distclean\nmake',
      },
      10095: {
        command: 'TERM=dumb ./runtest --durable --single unit/type/list --only "/.*(LPOP|RPOP)"',
        build: 'make distclean\nmake',
      },
      10764: {
        command: 'TERM=dumb ./runtest --durable --single unit/type/zset --only "BZMPOP"',
        build: 'make distclean\nmake',
      },
      11279: { command: 'TERM=dumb ./runtest --durable --single unit/acl', build: 'make distclean\nmake' },
      11510: {
        command: 'TERM=dumb ./runtest --durable --single unit/introspection --only "/.*MONITOR.*"',
        build: 'make distclean\nmake',
      },
      11631: {
        command: 'TERM=dumb ./runtest --durable --single unit/geo --only "/.*GEOSEARCH .*"',
        build: 'make distclean\nmake',
      },
      11734: { command: 'TERM=dumb ./runtest --durable --single unit/bitops', build: 'make distclean\nmake' },
      12272: {
        command: 'TERM=dumb ./runtest --durable --single unit/type/string --only "/.*(GETRANGE|SETRANGE).*"',
        build: 'make distclean\nmake',
      },
      12472: {
        command: 'TERM=dumb ./runtest --durable --single unit/acl --only "/.*ACL GETUSER.*"',
        build: 'make distclean\nmake',
      },
      13115: { command: 'TERM=dumb ./runtest --durable --single unit/scripting', build: 'make distclean\nmake' },
      13338: {
        command: 'TERM=dumb ./runtest --durable --single unit/type/stream-cgroups',
        build: 'make distclean\nmake',
      },
    },
  },
  'rubocop/rubocop': {
    parser: 'parse_log_rspec_transformed_json',
    versions: {
      13362: {
        command:
          'bundle exec rspec spec/rubocop/cop/style/redundant_freeze_spec.rb --no-color --format json | sed -n \'/^{/,$p\' | \\\n  jq -r \'.examples | group_by(.description) | .[] |\n    if any(select(.status == "failed")) then\n      (.[0] | "\\(.description) - failed")\n    else\n      (.[0] | "\\(.description) - \\(.status)")\n    end\'',
      },
      13375: {
        command:
          'bundle exec rspec spec/rubocop/cli_spec.rb --no-color --format json | sed -n \'/^{/,$p\' | \\\n  jq -r \'.examples | group_by(.description) | .[] |\n    if any(select(.status == "failed")) then\n      (.[0] | "\\(.description) - failed")\n    else\n      (.[0] | "\\(.description) - \\(.status)")\n    end\'',
      },
      13393: {
        command:
          'bundle exec rspec spec/rubocop/cop/style/guard_clause_spec.rb --no-color --format json | sed -n \'/^{/,$p\' | \\\n  jq -r \'.examples | group_by(.description) | .[] |\n    if any(select(.status == "failed")) then\n      (.[0] | "\\(.description) - failed")\n    else\n      (.[0] | "\\(.description) - \\(.status)")\n    end\'',
      },
      13396: {
        command:
          'bundle exec rspec spec/rubocop/cop/style/redundant_parentheses_spec.rb --no-color --format json | sed -n \'/^{/,$p\' | \\\n  jq -r \'.examples | group_by(.description) | .[] |\n    if any(select(.status == "failed")) then\n      (.[0] | "\\(.description) - failed")\n    else\n      (.[0] | "\\(.description) - \\(.status)")\n    end\'',
      },
      13424: {
        command:
          'bundle exec rspec spec/rubocop/cop/style/safe_navigation_spec.rb --no-color --format json | sed -n \'/^{/,$p\' | \\\n  jq -r \'.examples | group_by(.description) | .[] |\n    if any(select(.status == "failed")) then\n      (.[0] | "\\(.description) - failed")\n    else\n      (.[0] | "\\(.description) - \\(.status)")\n    end\'',
      },
      13431: {
        command:
          'bundle exec rspec spec/rubocop/cop/layout/empty_lines_around_method_body_spec.rb --no-color --format json | sed -n \'/^{/,$p\' | \\\n  jq -r \'.examples | group_by(.description) | .[] |\n    if any(select(.status == "failed")) then\n      (.[0] | "\\(.description) - failed")\n    else\n      (.[0] | "\\(.description) - \\(.status)")\n    end\'',
      },
      13479: {
        command:
          'bundle exec rspec spec/rubocop/cop/layout/leading_comment_space_spec.rb --no-color --format json | sed -n \'/^{/,$p\' | \\\n  jq -r \'.examples | group_by(.description) | .[] |\n    if any(select(.status == "failed")) then\n      (.[0] | "\\(.description) - failed")\n    else\n      (.[0] | "\\(.description) - \\(.status)")\n    end\'',
      },
      13503: {
        command:
          'bundle exec rspec spec/rubocop/cop/style/dig_chain_spec.rb --no-color --format json | sed -n \'/^{/,$p\' | \\\n  jq -r \'.examples | group_by(.description) | .[] |\n    if any(select(.status == "failed")) then\n      (.[0] | "\\(.description) - failed")\n    else\n      (.[0] | "\\(.description) - \\(.status)")\n    end\'',
      },
      13560: {
        command:
          'bundle exec rspec spec/rubocop/cop/style/file_null_spec.rb --no-color --format json | sed -n \'/^{/,$p\' | \\\n  jq -r \'.examples | group_by(.description) | .[] |\n    if any(select(.status == "failed")) then\n      (.[0] | "\\(.description) - failed")\n    else\n      (.[0] | "\\(.description) - \\(.status)")\n    end\'',
      },
      13579: {
        command:
          'bundle exec rspec spec/rubocop/cop/layout/line_continuation_spacing_spec.rb --no-color --format json | sed -n \'/^{/,$p\' | \\\n  jq -r \'.examples | group_by(.description) | .[] |\n    if any(select(.status == "failed")) then\n      (.[0] | "\\(.description) - failed")\n    else\n      (.[0] | "\\(.description) - \\(.status)")\n    end\'',
      },
      13627: {
        command:
          'bundle exec rspec spec/rubocop/cop/style/multiple_comparison_spec.rb --no-color --format json | sed -n \'/^{/,$p\' | \\\n  jq -r \'.examples | group_by(.description) | .[] |\n    if any(select(.status == "failed")) then\n      (.[0] | "\\(.description) - failed")\n    else\n      (.[0] | "\\(.description) - \\(.status)")\n    end\'',
      },
      13653: {
        command:
          'bundle exec rspec spec/rubocop/cop/style/access_modifier_declarations_spec.rb --no-color --format json | sed -n \'/^{/,$p\' | \\\n  jq -r \'.examples | group_by(.description) | .[] |\n    if any(select(.status == "failed")) then\n      (.[0] | "\\(.description) - failed")\n    else\n      (.[0] | "\\(.description) - \\(.status)")\n    end\'',
      },
      13668: {
        command:
          'bundle exec rspec spec/rubocop/cop/style/sole_nested_conditional_spec.rb --no-color --format json | sed -n \'/^{/,$p\' | \\\n  jq -r \'.examples | group_by(.description) | .[] |\n    if any(select(.status == "failed")) then\n      (.[0] | "\\(.description) - failed")\n    else\n      (.[0] | "\\(.description) - \\(.status)")\n    end\'',
      },
      13680: {
        command:
          'bundle exec rspec spec/rubocop/cop/style/redundant_line_continuation_spec.rb --no-color --format json | sed -n \'/^{/,$p\' | \\\n  jq -r \'.examples | group_by(.description) | .[] |\n    if any(select(.status == "failed")) then\n      (.[0] | "\\(.description) - failed")\n    else\n      (.[0] | "\\(.description) - \\(.status)")\n    end\'',
      },
      13687: {
        command:
          'bundle exec rspec spec/rubocop/cop/lint/safe_navigation_chain_spec.rb --no-color --format json | sed -n \'/^{/,$p\' | \\\n  jq -r \'.examples | group_by(.description) | .[] |\n    if any(select(.status == "failed")) then\n      (.[0] | "\\(.description) - failed")\n    else\n      (.[0] | "\\(.description) - \\(.status)")\n    end\'',
      },
      13705: {
        command:
          'bundle exec rspec spec/rubocop/cop/lint/out_of_range_regexp_ref_spec.rb --no-color --format json | sed -n \'/^{/,$p\' | \\\n  jq -r \'.examples | group_by(.description) | .[] |\n    if any(select(.status == "failed")) then\n      (.[0] | "\\(.description) - failed")\n    else\n      (.[0] | "\\(.description) - \\(.status)")\n    end\'',
      },
    },
  },
  'sharkdp/bat': {
    parser: 'parse_log_cargo',
    versions: {
      562: { command: 'RUSTFLAGS=-Awarnings cargo test --package bat --test integration_tests cache' },
      1892: { command: 'RUSTFLAGS=-Awarnings cargo test --package bat --test integration_tests ignored_suffix_arg' },
      2201: { command: 'RUSTFLAGS=-Awarnings cargo test --package bat --test integration_tests pag' },
      2260: { command: 'RUSTFLAGS=-Awarnings cargo test --package bat --test integration_tests syntax' },
      2393: { command: 'RUSTFLAGS=-Awarnings cargo test --package bat --test integration_tests cache_' },
      2650: { command: 'RUSTFLAGS=-Awarnings cargo test --package bat --test integration_tests map_syntax' },
      2835: { command: 'RUSTFLAGS=-Awarnings cargo test --package bat --test integration_tests header' },
      3108: { command: 'RUSTFLAGS=-Awarnings cargo test --package bat --test integration_tests pag' },
    },
  },
  'tokio-rs/axum': {
    parser: 'parse_log_cargo',
    versions: {
      682: {
        command:
          'RUSTFLAGS=-Awarnings cargo test --package axum --lib trailing -- with_trailing_slash_post without_trailing_slash_post',
      },
      691: {
        command:
          'RUSTFLAGS=-Awarnings cargo test --package axum --lib -- routing::tests::nest::nesting_router_at_root --exact',
      },
      734: { command: 'RUSTFLAGS=-Awarnings cargo test --package axum --lib -- routing::tests::head' },
      1119: { command: 'RUSTFLAGS=-Awarnings cargo test --package axum --lib slash' },
      1730: { command: 'RUSTFLAGS=-Awarnings cargo test --package axum --lib -- routing::tests::mod state' },
      1934: { command: 'RUSTFLAGS=-Awarnings cargo test --package axum --lib -- routing::tests::fallback' },
      2096: { command: 'RUSTFLAGS=-Awarnings cargo test --package axum --lib -- routing::tests::fallback' },
    },
  },
  'tokio-rs/tokio': {
    parser: 'parse_log_cargo',
    versions: {
      4384: {
        command:
          'RUSTFLAGS=-Awarnings cargo test --package tokio --test net_types_unwind --features full --no-fail-fast',
      },
      4867: { command: 'cargo test --test sync_broadcast --no-fail-fast' },
      4898: { command: 'RUSTFLAGS="--cfg tokio_unstable" cargo test --features full --test rt_metrics' },
      6551: { command: 'RUSTFLAGS="--cfg tokio_unstable" cargo test --features full --test rt_metrics --no-fail-fast' },
      6603: { command: 'cargo test --test sync_mpsc --no-fail-fast' },
      6724: { command: 'cargo test --test io_write_all_buf --no-fail-fast' },
      6752: { command: 'cargo test --test time_delay_queue --no-fail-fast' },
      6838: { command: 'cargo test --test uds_stream --no-fail-fast' },
      7139: { command: 'RUSTFLAGS="--cfg tokio_unstable" cargo test --test fs_file --no-fail-fast' },
    },
  },
  'uutils/coreutils': {
    parser: 'parse_log_cargo',
    versions: {
      6377: { command: 'cargo test test_env --no-fail-fast' },
      6575: { command: 'cargo test cksum --no-fail-fast' },
      6682: { command: 'cargo test mkdir --no-fail-fast' },
      6690: {
        command:
          'cargo test --no-fail-fast -- test_cp_cp test_cp_same_file test_cp_multiple_files test_cp_single_file test_cp_no_file',
      },
      6731: { command: 'cargo test backslash --no-fail-fast' },
    },
  },
  'valkey-io/valkey': {
    parser: 'parse_log_redis',
    versions: {
      790: {
        command: 'TERM=dumb ./runtest --durable --single unit/cluster/cluster-shards',
        build: 'make distclean\nmake',
      },
      928: {
        command: 'TERM=dumb ./runtest --durable --single unit/cluster/replica-migration --only "/.*NOREPLICAS.*"',
        build: 'make distclean\nmake',
      },
      1499: { command: 'TERM=dumb ./runtest --durable --single unit/introspection-2', build: 'make distclean\nmake' },
      1842: {
        command: 'TERM=dumb ./runtest --durable --single unit/acl --only "/.*ACL LOAD.*"',
        build: 'make distclean\nmake',
      },
    },
  },
  'vuejs/core': {
    parser: 'parse_log_vitest',
    versions: {
      11589: {
        command: 'pnpm run test packages/runtime-core/__tests__/apiWatch.spec.ts --no-watch --reporter=verbose',
      },
      11739: {
        command:
          'pnpm run test packages/runtime-core/__tests__/hydration.spec.ts --no-watch --reporter=verbose -t "mismatch handling"',
      },
      11870: {
        command:
          'pnpm run test packages/runtime-core/__tests__/helpers/renderList.spec.ts --no-watch --reporter=verbose',
      },
      11899: {
        command: 'pnpm run test packages/compiler-sfc/__tests__/compileStyle.spec.ts --no-watch --reporter=verbose',
        build: 'pnpm run build compiler-sfc',
      },
      11915: {
        command:
          'pnpm run test packages/compiler-core/__tests__/parse.spec.ts --no-watch --reporter=verbose -t "Element"',
      },
    },
  },
};
