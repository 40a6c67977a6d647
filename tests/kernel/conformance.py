"""jupyter_kernel_test on the kernel: python conformance.py (the kernelspec e2gmm must be installed)."""

import unittest

import jupyter_kernel_test


class TypeScriptKernelTests(jupyter_kernel_test.KernelTests):
    kernel_name = "e2gmm"
    language_name = "typescript"
    file_extension = ".ts"

    code_hello_world = "console.log('hello, world')"
    code_stderr = "console.error('test')"

    completion_samples = [
        {"text": "conso", "matches": ["console"]},
        {"text": "Math.hypo", "matches": ["hypot"]},
    ]
    complete_code_samples = ["1", "console.log('hello')", "function f(x: number) {\n  return x * 2;\n}\n"]
    incomplete_code_samples = ["console.log('", "function f(x: number) {", "const s = `a", "/* comment"]
    invalid_code_samples = ["import = 7q", "let 5x = 3;", "}"]

    code_generate_error = "throw new Error('raised');"
    code_execute_result = [
        {"code": "1 + 2 + 3", "result": "6"},
        {"code": "[0, 1, 2].map((n) => n ** 2)", "result": "[ 0, 1, 4 ]"},
        {"code": "await Promise.resolve('later')", "result": "'later'"},
    ]
    code_display_data = [
        {"code": "import * as tslab from 'tslab'; tslab.display.html('<b>test</b>');", "mime": "text/html"},
        {"code": "tslab.display.png(new Uint8Array([137, 80, 78, 71]));", "mime": "image/png"},
        {"code": "await display('text');", "mime": "text/plain"},
    ]
    code_history_pattern = "1*2*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "parseInt"
    code_clear_output = "clearOutput();"

    # Skipped: test_pager. Its `payload` is deprecated by the protocol, and the kernel has nothing to page.


class WelcomeTests(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = "e2gmm"
    support_iopub_welcome = True


if __name__ == "__main__":
    unittest.main()
