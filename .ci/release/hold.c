/* Holds a file as Excel or a virus scanner does, nobody else may read, write, move or delete it meanwhile:
   hold PATH MILLISECONDS [TIMES], with a pause as long as the hold between two times. */
#include <stdio.h>
#include <windows.h>

int wmain(int count, wchar_t **words) {
    if (count < 3) return 2;
    DWORD time = (DWORD)_wtoi(words[2]);
    for (int left = count > 3 ? _wtoi(words[3]) : 1; left > 0; left--) {
        HANDLE file = CreateFileW(words[1], GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
        if (file != INVALID_HANDLE_VALUE) {
            puts("held");
            fflush(stdout);
            Sleep(time);
            CloseHandle(file);
        }
        Sleep(time);
    }
    return 0;
}
