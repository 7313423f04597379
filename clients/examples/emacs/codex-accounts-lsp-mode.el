;;; codex-accounts-lsp-mode.el --- OpenAI accounts through lsp-mode  -*- lexical-binding: t; -*-

;; Package-Requires: ((emacs "28.1") (lsp-mode "8.0"))

;;; Commentary:

;; Copy this file to a folder of `load-path' and add (require 'codex-accounts-lsp-mode) to your init file.  As lsp-mode
;; starts servers for buffers, the sidecar runs beside the servers of every buffer that has lsp-mode on.  It is one
;; process for all of them, and it is not notified of what they contain.

;;; Code:

(require 'lsp-mode)
(require 'seq)

(defvar openai-accounts-program "codex-account-manager"
  "The program, a name or a path, which may begin with \"~/\".")

(defvar openai-accounts-only nil
  "The only accounts to use: groups, labels and ids, with \"!\" before what is left out; nil for all that the rules of the open
folders leave.")

(defvar openai-accounts-folders
  '("~/.cargo/bin" "~/.local/bin" "~/.npm-global/bin" "~/.nix-profile/bin" "~/.local/state/nix/profile/bin"
    "/nix/var/nix/profiles/default/bin" "/opt/homebrew/bin" "/usr/local/bin" "/home/linuxbrew/.linuxbrew/bin" "/snap/bin")
  "Where the program is looked for after `exec-path'; an Emacs that a desktop started often has a short one.")

(defun openai-accounts--find (program)
  "The path of PROGRAM, a name or a path that may begin with \"~/\", or nil."
  (let ((exec-path (seq-filter #'file-name-absolute-p
                               (append (remq nil exec-path) (mapcar #'expand-file-name openai-accounts-folders))))
        ;; Other endings are those of scripts, which cannot be started without a shell.
        (exec-suffixes (if (eq system-type 'windows-nt) '(".exe") exec-suffixes)))
    (executable-find (if (string-prefix-p "~/" program) (expand-file-name program) program))))

(defun openai-accounts--command-line ()
  "The sidecar's command line."
  (list (or (openai-accounts--find openai-accounts-program) openai-accounts-program) "sidecar" "--stdio"))

(lsp-register-client
 (make-lsp-client :new-connection (lsp-stdio-connection #'openai-accounts--command-line)
                  :activation-fn (lambda (&rest _) t)
                  :add-on? t
                  :multi-root t
                  :initialization-options (lambda () (when openai-accounts-only
                                                       (list :accounts (vconcat openai-accounts-only))))
                  :server-id 'codex-account-manager
                  ;; lsp-mode warns of every notification that nobody handles.
                  :notification-handlers (lsp-ht ("proxy/ready" #'ignore)
                                                 ("accounts/didChange" #'ignore)
                                                 ("accounts/didLogin" #'ignore)
                                                 ("routing/didSelect" #'ignore)
                                                 ("routing/didWait" #'ignore)
                                                 ("routing/didFinish" #'ignore))))

(defun openai-accounts-request (method &optional params)
  "Ask the sidecar METHOD, such as \"accounts/list\", with the plist PARAMS."
  (let ((workspace (lsp-find-workspace 'codex-account-manager)))
    (unless workspace
      (user-error "No sidecar runs; is lsp-mode on in a buffer, and `codex-account-manager' where it is looked for?"))
    (with-lsp-workspace workspace
      (lsp-request method params))))

;;;###autoload
(defun openai-accounts ()
  "Show the OpenAI accounts."
  (interactive)
  (let ((table (openai-accounts-request "workspace/executeCommand" '(:command "openai-accounts"))))
    (with-current-buffer (get-buffer-create "*OpenAI accounts*")
      (let ((inhibit-read-only t))
        (erase-buffer)
        (insert table))
      (special-mode)
      (goto-char (point-min))
      ;; A window that shows it already has a place of its own.
      (let ((window (display-buffer (current-buffer))))
        (when window
          (set-window-start window (point-min))
          (set-window-point window (point-min)))))))

;;;###autoload
(defun openai-accounts-switch (account)
  "Switch this Emacs to ACCOUNT, a number."
  (interactive "nNumber of the OpenAI account: ")
  (message "%s" (openai-accounts-request "workspace/executeCommand"
                                         (list :command "openai-accounts-switch" :arguments (vector account)))))

(provide 'codex-accounts-lsp-mode)
;;; codex-accounts-lsp-mode.el ends here
