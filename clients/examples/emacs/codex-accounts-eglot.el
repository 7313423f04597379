;;; codex-accounts-eglot.el --- OpenAI accounts through Eglot  -*- lexical-binding: t; -*-

;; Package-Requires: ((emacs "28.1") (eglot "1.9"))

;;; Commentary:

;; Copy this file to a folder of `load-path' and add (require 'codex-accounts-eglot) to your init file.  The first of
;; `openai-accounts', `openai-accounts-switch' and `openai-accounts-environment' starts the sidecar.  It manages no
;; buffer, and Eglot starts it again after a crash as it does with every server.

;;; Code:

(require 'eglot)
(require 'jsonrpc)
(require 'seq)
(require 'subr-x)

(defgroup openai-accounts nil
  "Several OpenAI accounts as if they were one."
  :group 'tools)

(defcustom openai-accounts-program '("codex-account-manager" "sidecar" "--stdio")
  "The sidecar's command line.  The program is a name or a path, which may begin with \"~/\"."
  :type '(repeat string))

(defcustom openai-accounts-only nil
  "The only accounts to use: groups, labels and ids, with \"!\" before what is left out; nil for all that the rules of projects
leave."
  :type '(repeat string))

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

(defclass openai-accounts-server (eglot-lsp-server) ()
  "A sidecar.")

(cl-defmethod eglot-initialization-options ((_server openai-accounts-server))
  "Say which accounts alone are to be used."
  (if openai-accounts-only (list :accounts (vconcat openai-accounts-only)) eglot--{}))

(defvar openai-accounts--servers nil
  "The sidecars that were started, each behind its folder.")

(defun openai-accounts--folder ()
  "The folder whose rules hold: that of the current buffer's project, or the home folder."
  (let ((project (project-current)))
    (file-name-as-directory (expand-file-name (if project (project-root project) "~/")))))

(defun openai-accounts--server ()
  "The sidecar of this folder, if one runs."
  (let ((server (alist-get (openai-accounts--folder) openai-accounts--servers nil nil #'equal)))
    (and server (jsonrpc-running-p server) server)))

(defun openai-accounts--remember (server)
  "Keep SERVER if it is a sidecar; Eglot makes a new one when it connects again."
  (when (object-of-class-p server 'openai-accounts-server)
    (let ((folder (file-name-as-directory (expand-file-name (project-root (eglot--project server))))))
      (setf (alist-get folder openai-accounts--servers nil nil #'equal) server))))

(add-hook 'eglot-connect-hook #'openai-accounts--remember)

(defun openai-accounts-start ()
  "Start the sidecar of this project, unless it runs; return its server."
  (interactive)
  (unless (openai-accounts--server)
    (let ((eglot-sync-connect t)
          (language "openai-accounts")
          (program (or (openai-accounts--find (car openai-accounts-program))
                       (user-error "`%s' is neither on `exec-path' nor in `openai-accounts-folders' (%s); see `openai-accounts-program'"
                                   (car openai-accounts-program) (string-join openai-accounts-folders ", ")))))
      ;; For a mode that no buffer has, so that no buffer is managed.
      (eglot '(openai-accounts--no-mode)
             (cons 'transient (openai-accounts--folder))
             'openai-accounts-server
             (cons program (cdr openai-accounts-program))
             ;; From Eglot 1.13 on a list as long as that of the modes.
             (if (fboundp 'eglot--languages) (list language) language))))
  (openai-accounts--server))

(defun openai-accounts-request (method &optional params)
  "Ask the sidecar METHOD, such as `:accounts/list', with the plist PARAMS."
  (jsonrpc-request (openai-accounts-start) method params))

(defun openai-accounts--command (name &rest arguments)
  "Run the sidecar's command NAME with ARGUMENTS; return its text."
  (openai-accounts-request :workspace/executeCommand (list :command name :arguments (vconcat arguments))))

;;;###autoload
(defun openai-accounts ()
  "Show the OpenAI accounts."
  (interactive)
  (let ((table (openai-accounts--command "openai-accounts")))
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
  "Switch this Emacs to ACCOUNT, a number, label or email."
  (interactive
   (list (let ((accounts (plist-get (openai-accounts-request :accounts/list) :accounts)))
           (completing-read "OpenAI account: " (mapcar (lambda (each) (plist-get each :label)) accounts) nil t))))
  (let* ((result (openai-accounts-request :accounts/switch (list :account account)))
         (current (plist-get result :account)))
    (message "Switched to account %d (%s)" (plist-get current :index) (plist-get current :label))))

(defun openai-accounts-proxy ()
  "Where the proxy is: a plist with `:baseUrl', `:port' and `:apiKey'."
  (let* ((capabilities (eglot--capabilities (openai-accounts-start)))
         (session (plist-get (plist-get capabilities :experimental) :codexAccountManager)))
    (plist-get session :proxy)))

(defun openai-accounts--no-proxy (name)
  "What the variable NAME has to be so that no other proxy takes what is meant for this machine."
  (let ((names (split-string (or (getenv name) (getenv "NO_PROXY") "") "," t "[[:space:]]+")))
    (dolist (loopback '("127.0.0.1" "localhost" "::1"))
      (unless (member loopback names)
        (setq names (append names (list loopback)))))
    (concat name "=" (string-join names ","))))

(defun openai-accounts-environment ()
  "What sends a program through the proxy, for `process-environment'.
Port and key are the sidecar's: ask again for every program you start."
  (let ((proxy (openai-accounts-proxy)))
    (list (concat "OPENAI_BASE_URL=" (plist-get proxy :baseUrl))
          (concat "OPENAI_API_KEY=" (plist-get proxy :apiKey))
          (openai-accounts--no-proxy "NO_PROXY")
          (openai-accounts--no-proxy "no_proxy"))))

(defun openai-accounts-stop ()
  "End the sidecar of this project."
  (interactive)
  (let ((server (openai-accounts--server)))
    (when server
      ;; Not `eglot-shutdown': from Eglot 1.17 on it fails in a buffer that Eglot does not manage.
      (setf (eglot--shutdown-requested server) t)
      (unwind-protect
          (jsonrpc-request server :shutdown nil :timeout 12)
        (jsonrpc-notify server :exit nil)
        (jsonrpc-shutdown server t)))))

(provide 'codex-accounts-eglot)
;;; codex-accounts-eglot.el ends here
