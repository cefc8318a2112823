// SPDX-License-Identifier: Apache-2.0
//
// file_system.d.ts - the parts of the File System Access API that TypeScript's own library does not have

interface FileSystemHandlePermission {
	mode?: 'read' | 'readwrite';
}

interface FileSystemHandle {
	queryPermission(options?: FileSystemHandlePermission): Promise<PermissionState>;
	requestPermission(options?: FileSystemHandlePermission): Promise<PermissionState>;
}

interface FileSystemDirectoryHandle {
	keys(): AsyncIterableIterator<string>;
}

interface Window {
	showSaveFilePicker?(options?: { suggestedName?: string; id?: string }): Promise<FileSystemFileHandle>;
	showDirectoryPicker?(options?: { mode?: 'read' | 'readwrite'; id?: string }): Promise<FileSystemDirectoryHandle>;
}
