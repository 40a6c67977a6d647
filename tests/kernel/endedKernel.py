"""Runs a cell in the kernel, and ends the kernel as JupyterLab's server does: `shutdown`, `killed` or `culled` for idleness.

Prints the number of the kernel's process and what the cell printed, once the kernel is gone.
"""

import asyncio
import sys

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager


async def main(how: str, code: str) -> None:
    # Not idle before its cell has run: the server also culls kernels that are still starting
    culling = {"cull_idle_timeout": 86400, "cull_interval": 1, "cull_connected": True} if how == "culled" else {}
    manager = AsyncMappingKernelManager(**culling)
    kernel_id = await manager.start_kernel(kernel_name="e2gmm")
    kernel = manager.get_kernel(kernel_id)
    process = kernel.provisioner.pid
    client = kernel.client()
    client.start_channels()
    await client.wait_for_ready()
    printed: list[str] = []

    def keep(message: dict) -> None:
        content = message["content"]
        if message["msg_type"] == "stream":
            printed.append(content["text"])
        elif message["msg_type"] == "error":
            printed.extend(content["traceback"])

    await client.execute_interactive(code, output_hook=keep)
    client.stop_channels()
    if how == "culled":
        manager.cull_idle_timeout = 1
        while kernel_id in manager:
            await asyncio.sleep(0.1)
    else:
        await manager.shutdown_kernel(kernel_id, now=how == "killed")
    print(process)
    print("".join(printed))


asyncio.run(main(sys.argv[1], sys.stdin.read()))
